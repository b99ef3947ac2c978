"""What cannot be painted: what is said, and that nothing has changed."""

from gi.repository import Gimp

from .painting import paint
from .pictures import filled, photo, told


def refusals(folder):
    """Everything that cannot be painted: what is said, and that nothing has changed."""
    image = photo()
    layer = image.get_layers()[0]
    told(folder, image, layer, "before")
    answers = {"no style": paint(image, [layer], style=None)[:2]}
    answers["style is no picture"] = paint(image, [layer], style=__file__)[:2]
    answers["style is a folder"] = paint(image, [layer], style=folder)[:2]
    answers["style is not there"] = paint(image, [layer], style=f"{folder}/gone.jpg")[:2]
    answers["second style is not there"] = paint(image, [layer], second_style=f"{folder}/gone.jpg")[:2]
    answers["no such model"] = paint(image, [layer], model="vgg99")[:2]
    answers["no such device"] = paint(image, [layer], device="abacus")[:2]
    layer.set_lock_content(True)
    answers["locked"] = paint(image, [layer], output="replace")[:2]
    layer.set_lock_content(False)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    answers["a mask"] = paint(image, [mask])[:2]
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    image.resize(200, 72, 0, 0)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 120, 10, 20, 20)
    answers["selection elsewhere"] = paint(image, [layer])[:2]
    told(folder, image, layer, "after")
    return {"answers": answers, "count": len(image.get_layers())}


def unpaintable(folder):
    """What cannot be painted at all: what is said, and that nothing has changed."""
    image = photo()
    layer = image.get_layers()[0]
    answers = {"none": paint(image, [])[:2]}
    answers["one pixel"] = paint(image, [filled(image, "dot", 1, 1)])[:2]
    answers["narrow"] = paint(image, [filled(image, "narrow", 8, 2000)])[:2]
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 30, 30)
    floating = Gimp.Selection.float(image, [layer], 5, 5)
    answers["floating"] = paint(image, [floating])[:2]
    facts = {"answers": answers, "floats": image.get_floating_sel() == floating}
    facts["count"] = len(image.get_layers())
    return facts
