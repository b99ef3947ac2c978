"""Images for the scenarios, and what is in them."""

import hashlib
import os
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio


def photo(width=96, height=72):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(os.environ["NST_PHOTO"]))
    image.scale(width, height)
    return image


def filled(image, name, width, height, x=0, y=0, kind=Gimp.ImageType.RGBA_IMAGE):
    layer = Gimp.Layer.new(image, name, width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.set_offsets(x, y)
    Gimp.context_set_foreground(Gegl.Color.new("orange"))
    layer.fill(Gimp.FillType.FOREGROUND)
    return layer


def select(image, x, y, width, height, feather=0):
    Gimp.context_set_feather(bool(feather))
    Gimp.context_set_feather_radius(feather, feather)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, x, y, width, height)


def told(folder, image, layer, name):
    """Write the layer's pixels as they are stored; return what kind of layer it is."""
    width, height = layer.get_width(), layer.get_height()
    format_name = layer.get_buffer().get_property("format") and Gegl.format_get_name(
        layer.get_buffer().get_property("format")
    )
    raw = layer.get_buffer().get(Gegl.Rectangle.new(0, 0, width, height), 1.0, None, Gegl.AbyssPolicy.NONE)
    Path(folder, name).write_bytes(bytes(raw))
    return {
        "name": layer.get_name(),
        "width": width,
        "height": height,
        "offsets": list(layer.get_offsets()[1:]),
        "type": layer.type().value_nick,
        "precision": image.get_precision().value_nick,
        "format": format_name,
        "bytes": len(raw),
        "position": image.get_item_position(layer),
    }


def write_mask(folder, image, layer, name="mask"):
    """Write the selection as the layer sees it, one byte a pixel."""
    x, y = layer.get_offsets()[1:]
    part = Gegl.Rectangle.new(x, y, layer.get_width(), layer.get_height())
    raw = image.get_selection().get_buffer().get(part, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
    Path(folder, name).write_bytes(bytes(raw))


def selection_of(image):
    whole = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    raw = image.get_selection().get_buffer().get(whole, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(bytes(raw)).hexdigest()


def pixels_of(drawable):
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(whole, 1.0, None, Gegl.AbyssPolicy.NONE))
