"""What a person may do while a painting is being made."""

import array

from gi.repository import Gimp

from .installed import plug_in
from .pictures import photo, select, selection_of, told


def _select_elsewhere(image, layer):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 15)


def _select_nothing(image, layer):
    Gimp.Selection.none(image)


def _move(image, layer):
    layer.set_offsets(-70, 55)


def _remove(image, layer):
    image.remove_layer(layer)


def _close(image, layer):
    image.delete()


def _crop(image, layer):
    image.crop(50, 40, 10, 10)


def _scale_layer(image, layer):
    layer.scale(48, 36, False)


MEANWHILE = {
    "nothing": lambda image, layer: None,
    "select elsewhere": _select_elsewhere,
    "select nothing": _select_nothing,
    "move": _move,
    "remove": _remove,
    "close": _close,
    "crop": _crop,
    "scale layer": _scale_layer,
}


def meanwhile(folder, change, output, selected=True):
    """Choose a layer, change something as a person might while the engine paints, and deliver."""
    nst_client, outcome, subject = _plug_in()
    image = photo(400, 300)  # of several tiles
    layer = image.get_layers()[0]
    image.resize(460, 360, 15, -9)
    if selected:
        select(image, 60, 30, 220, 240, feather=6)
    chosen = subject.choose(image, [layer])
    MEANWHILE[change](image, layer)
    if not image.is_valid():
        offsets, selection = None, None
    else:
        offsets, selection = list(layer.get_offsets()[1:]), selection_of(image)
    red = array.array("f", [1.0, 0.0, 0.0]) * (chosen.context.width * chosen.context.height)
    painting = nst_client.Pixels(chosen.context.width, chosen.context.height, 3, "f32", red.tobytes())
    try:
        record = nst_client.painting_record.PaintingRecord({"strength": 0.5})
        new, made = outcome.deliver(chosen, painting, output, "painted", record)
    except nst_client.failure.Failure as failure:
        return {"failure": str(failure), "valid": image.is_valid()}
    facts = {"failure": None, "made": told(folder, new, made, "made"), "offsets": offsets}
    facts["selection_kept"] = selection_of(image) == selection
    return facts


def _plug_in():
    """Return the installed plug-in's modules: what it does before and after the engine paints."""
    plug_in()
    import nst_client.painting_record
    import outcome
    import subject

    return nst_client, outcome, subject
