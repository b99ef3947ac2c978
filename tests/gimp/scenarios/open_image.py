"""In the GIMP that a person uses (desk.py): the image that is open there."""

import hashlib

from gi.repository import Gimp

from .meanwhile import MEANWHILE
from .painting import paint
from .pictures import pixels_of, selection_of


def stack():
    """Tell everything about the layers, to the last bit."""
    image = Gimp.get_images()[-1]
    layers = [
        [
            layer.get_id(),
            layer.get_name(),
            list(layer.get_offsets()[1:]),
            layer.get_opacity(),
            layer.get_lock_alpha(),
            hashlib.sha256(pixels_of(layer)).hexdigest(),
        ]
        for layer in image.get_layers()
    ]
    chosen = [layer.get_id() for layer in image.get_selected_layers()]
    return {"layers": layers, "chosen": chosen, "selection": selection_of(image)}


def paint_here(**settings):
    """Paint the open image's layer, as a script does."""
    image, layer = _open()
    return {"status": paint(image, [layer], **settings)[0]}


def select_here(bounds):
    image, _layer = _open()
    if bounds is None:
        Gimp.Selection.none(image)
    else:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *bounds)
    Gimp.displays_flush()


def change_here(change):
    MEANWHILE[change](*_open())
    Gimp.displays_flush()


def difference_here():
    """Tell within which bounds the two layers of the open image differ, in the layers' pixels."""
    image, layer = _open()
    upper, lower = (memoryview(pixels_of(layer)) for layer in image.get_layers())
    stride = 3 * layer.get_width()
    starts = range(0, len(upper), stride)
    rows = [upper[start : start + stride] != lower[start : start + stride] for start in starts]
    columns = [upper[start::stride] != lower[start::stride] for start in range(stride)]
    ys = [y for y, differs in enumerate(rows) if differs]
    xs = [x // 3 for x, differs in enumerate(columns) if differs]
    return {"bounds": [xs[0], ys[0], xs[-1] + 1 - xs[0], ys[-1] + 1 - ys[0]]}


def _open():
    image = Gimp.get_images()[-1]
    return image, image.get_selected_layers()[0]
