"""Several layers, and all open images, in one go."""

from gi.repository import Gimp

from .painting import paint
from .pictures import filled, photo


def two_layers(folder):
    """Paint two of three layers; one more cannot be painted."""
    image = photo()
    bottom = image.get_layers()[0]
    upper, dot = filled(image, "upper", 60, 50), filled(image, "dot", 1, 1)
    status, message = paint(image, [bottom, upper, dot])[:2]
    names = [layer.get_name() for layer in image.get_layers()]
    return {"status": status, "message": message, "names": names}


def all_images(folder):
    images = [photo(), photo(64, 48)]
    others = [image for image in Gimp.get_images() if image not in images]
    assert not others, "this scenario paints every open image"
    status, message = paint(images[0], images[0].get_selected_layers(), targets="all-images")[:2]
    return {"status": status, "message": message, "counts": [len(image.get_layers()) for image in images]}
