"""In the GIMP that a person uses (desk.py): the image that is open there."""

import hashlib

from gi.repository import Gimp, Gio

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


def layers_here():
    """Tell the layers' names from the top, and which are selected."""
    image = Gimp.get_images()[-1]
    chosen = [layer.get_name() for layer in image.get_selected_layers()]
    return {"names": [layer.get_name() for layer in image.get_layers()], "chosen": chosen}


def choose_here(position):
    """Select the layer at a position from the top."""
    image = Gimp.get_images()[-1]
    image.set_selected_layers([image.get_layers()[position]])
    Gimp.displays_flush()


def insert_here(path):
    """Insert a picture's file as a hidden layer at the top, and leave the selected one selected."""
    image, layer = _open()
    image.undo_group_start()
    inserted = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path))
    image.insert_layer(inserted, None, 0)
    inserted.set_visible(False)
    image.undo_group_end()
    image.set_selected_layers([layer])
    Gimp.displays_flush()


def two_layers_here():
    """Duplicate the selected layer, and select both."""
    image, layer = _open()
    image.insert_layer(layer.copy(), None, 0)
    image.set_selected_layers(image.get_layers())
    Gimp.displays_flush()


def size_here():
    """Tell the size of the open image."""
    image, _layer = _open()
    return {"size": [image.get_width(), image.get_height()]}


def save_here(path):
    """Write the uppermost layer as a picture's file."""
    image, _layer = _open()
    top = image.get_layers()[0]
    new = Gimp.Image.new(top.get_width(), top.get_height(), image.get_base_type())
    new.insert_layer(Gimp.Layer.new_from_drawable(top, new), None, 0)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, new, Gio.File.new_for_path(path), None)
    new.delete()


def copy_here():
    """Copy the selected layer into the clipboard."""
    _image, layer = _open()
    return {"copied": Gimp.edit_copy([layer])}


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
