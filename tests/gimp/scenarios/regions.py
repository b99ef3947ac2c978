"""Regions: parts of a layer with styles of their own."""

import json
import os

from gi.repository import Gimp

from .painting import paint
from .pictures import filled, photo, told


def _channel(image, name, x, y, width, height):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, x, y, width, height)
    channel = Gimp.Selection.save(image)
    channel.set_name(name)
    Gimp.Selection.none(image)


def _painted(folder, image, layer, regions, **settings):
    regions = [{"style": os.environ["NST_SECOND"], **one} if "keep" not in one else one for one in regions]
    count = len(image.get_layers())
    status, message, _image, made = paint(image, [layer], regions=json.dumps(regions), **settings)
    facts = {"status": status, "message": message, "before": told(folder, image, layer, "before")}
    if made is not None:
        facts["made"] = told(folder, image, made, "made")
        facts["new_layers"] = len(image.get_layers()) - count
    return facts


def _photo_with_places():
    """A photo with the left half as a channel, a layer at the right, a mask at the top; nothing selected."""
    image = photo()
    layer = image.get_layers()[0]
    _channel(image, "left", 0, 0, 48, 72)
    filled(image, "right", 30, 72, 66, 0)
    masked = filled(image, "masked", 96, 72)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 96, 20)
    masked.add_mask(masked.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    return image, layer


def region_of(folder, place, select_below=False):
    """Paint one region, and keep the rest; or, where that is selected, only its lower part."""
    image, layer = _photo_with_places()
    if place["where"] == "selection":
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 40, 30)
    if select_below:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 36, 96, 36)
    return _painted(folder, image, layer, [place, {"where": "rest", "keep": True}])


def kept_region(folder):
    image, layer = _photo_with_places()
    return _painted(folder, image, layer, [{"where": "channel", "name": "left", "keep": True}])


def region_layers(folder):
    """Paint two regions and the rest as layers; tell what is seen with and without the photo beneath."""
    image, layer = _photo_with_places()
    for other in image.get_layers():
        other.set_visible(other == layer)
    regions = [{"where": "channel", "name": "left"}, {"where": "layer", "name": "right", "keep": True}]
    facts = _painted(folder, image, layer, regions, region_layers=True)
    group = image.get_layers()[image.get_item_position(layer) - 1]
    facts["names"] = [one.get_name() for one in group.get_children()]
    facts["masks"] = [one.get_mask() is not None for one in (group, *group.get_children())]
    visible = Gimp.Layer.new_from_visible(image, image, "seen")
    facts["seen"] = told(folder, image, visible, "seen")
    visible.delete()
    one_layer = _painted(folder, image, layer, regions)
    assert one_layer["status"] == "success"
    facts["made"] = one_layer["made"]
    return facts


def wrong_regions(folder):
    image, layer = _photo_with_places()
    wrong = {
        "no such channel": [{"where": "channel", "name": "sky"}],
        "nothing selected": [{"where": "selection"}],
        "no style": [{"where": "channel", "name": "left", "style": ""}],
        "no JSON": None,
        "no place": [{"where": "moon"}],
    }
    answers = {}
    for name, regions in wrong.items():
        text = "{" if regions is None else json.dumps([{"style": os.environ["NST_SECOND"], **regions[0]}])
        answers[name] = paint(image, [layer], regions=text)[:2]
    text = json.dumps([{"where": "channel", "name": "left", "style": os.environ["NST_SECOND"]}])
    answers["one pass"] = paint(image, [layer], regions=text, quality="instant")[:2]
    return {"answers": answers, "count": len(image.get_layers())}
