"""Layers of every kind, painted."""

import hashlib
import os
import zipfile
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio

from .painting import paint, painted
from .pictures import filled, photo, select, told, write_mask


def whole_layer(folder):
    return painted(folder, photo())


def two_styles(folder):
    return painted(folder, photo(), second_style=os.environ["NST_SECOND"], second_share=0.3)


def style_for_editors_only(folder, suffix):
    """Painted like a file that only editors read, and like the same picture in a PNG file."""
    facts = {}
    for kind in (suffix, ".png"):
        style, file = photo(64, 48), str(Path(folder, f"flag{kind}"))
        Gimp.context_set_foreground(Gegl.Color.new("red"))
        style.get_layers()[0].edit_fill(Gimp.FillType.FOREGROUND)
        if kind == ".kra":
            Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, style, Gio.File.new_for_path(f"{file}.png"), None)
            with zipfile.ZipFile(file, "w") as archive:
                archive.write(f"{file}.png", "mergedimage.png")
        else:
            Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, style, Gio.File.new_for_path(file), None)
        facts[kind] = painted(folder, photo(), style=file)
        facts[kind]["pixels"] = hashlib.sha256(Path(folder, "made").read_bytes()).hexdigest()
    return facts


def learned_style(folder, path, **settings):
    return painted(folder, photo(), style=path, **settings)


def like_itself(folder):
    return painted(folder, photo(), style=os.environ["NST_PHOTO"], strength=0.0, size=64)


def wide_gamut(folder):
    image = photo()
    image.convert_precision(Gimp.Precision.U16_NON_LINEAR)
    image.convert_color_profile(
        Gimp.ColorProfile.new_rgb_adobe(), Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True
    )
    profile = image.get_color_profile()
    facts = painted(folder, image, style=os.environ["NST_PHOTO"], strength=0.0, size=96, output="new-image")
    new = next(other for other in Gimp.get_images() if other.get_id() != image.get_id())
    facts["profile_kept"] = new.get_color_profile().is_equal(profile)
    facts["profile_of_original_kept"] = image.get_color_profile().is_equal(profile)
    return facts


def untagged_to_a_new_image(folder):
    tagged = photo()
    image = Gimp.Image.new(96, 72, Gimp.ImageBaseType.RGB)
    image.insert_layer(Gimp.Layer.new_from_drawable(tagged.get_layers()[0], image), None, 0)
    return painted(folder, image, output="new-image") | {"tagged": image.get_color_profile() is not None}


def one_pixel(folder):
    image = photo()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 30, 1, 1)
    return painted(folder, image)


INDEXED_COLOURS = 32


def other_pixels(folder, precision=None, base=None, alpha=False, **settings):
    """A layer that lies askew in a larger image, of which a feathered ellipse is selected."""
    image = photo()
    if base == "gray":
        image.convert_grayscale()
    if precision is not None:
        image.convert_precision(getattr(Gimp.Precision, precision))
    if base == "indexed":
        image.convert_indexed(
            Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, INDEXED_COLOURS, False, False, ""
        )
    layer = image.get_layers()[0]
    if alpha:
        layer.add_alpha()
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 20)
        layer.edit_clear()
    image.resize(130, 100, 15, -9)
    select(image, 35, 10, 50, 40, feather=6)
    write_mask(folder, image, layer)
    facts = painted(folder, image, **settings)
    facts["bounds"] = list(layer.mask_intersect()[1:])
    return facts


def painted_twice(folder):
    """Paint a layer twice, another layer being above it; tell the positions of the paintings and of both."""
    image = photo()
    layer = image.get_layers()[0]
    other = layer.copy()
    image.insert_layer(other, None, 0)
    made = [paint(image, [layer])[3] for _ in range(2)]
    return {"positions": [image.get_item_position(one) for one in (*made, other, layer)]}


def in_a_group_with_a_mask(folder):
    image = photo()
    layer = image.get_layers()[0]
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    layer.set_opacity(60)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 30, 72)
    mask = layer.create_mask(Gimp.AddMaskType.SELECTION)
    layer.add_mask(mask)
    Gimp.Selection.none(image)
    status, message, _image, made = paint(image, [layer])
    facts = {"status": status, "message": message, "in_group": made.get_parent() == group}
    facts["position"] = image.get_item_position(made)
    facts["opacity"] = made.get_opacity()
    told(folder, image, mask, "mask_before")
    told(folder, image, made.get_mask(), "mask_after")
    facts["before"] = told(folder, image, layer, "before")
    facts["made"] = told(folder, image, made, "made")
    return facts


def a_group(folder):
    image = photo()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(image.get_layers()[1], group, 0)
    facts = painted(folder, image)
    facts["replacing"] = paint(image, [group], output="replace")[:2]
    return facts


def odd_layer(folder, kind):
    """Paint a layer of an uncommon kind."""
    image = photo()
    layer = image.get_layers()[0]
    if kind == "larger than the image":
        layer = filled(image, kind, 150, 120, -20, -30)
    elif kind == "beyond the image":
        layer = filled(image, kind, 60, 50, 200, 200)
    elif kind == "hidden":
        layer.set_visible(False)
    elif kind == "text":
        font = Gimp.context_get_font()
        layer = Gimp.TextLayer.new(image, "Neural", font, 24, Gimp.Unit.pixel())
        image.insert_layer(layer, None, 0)
    elif kind == "alpha locked":
        layer.add_alpha()
        layer.set_lock_alpha(True)
    elif kind == "in place locked":
        layer.set_lock_position(True)
    facts = {"before": told(folder, image, layer, "before"), "count": len(image.get_layers())}
    status, message, _image, made = paint(image, [layer])
    facts |= {"status": status, "message": message, "count_after": len(image.get_layers())}
    facts["after"] = told(folder, image, layer, "after")
    facts["made"] = told(folder, image, made, "made") if made else None
    facts["text_left"] = layer.is_text_layer()
    facts["made_is_text"] = made is not None and made.is_text_layer()
    facts["replaced"] = paint(image, [layer], output="replace")[:2]
    return facts


def filtered(folder, output):
    """Paint a layer that GIMP shows inverted, in its own style, so that the painting tells what was seen."""
    image = photo()
    layer = image.get_layers()[0]
    told(folder, image, layer, "unfiltered")
    invert = Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "inverted")
    layer.append_filter(invert)
    invert.update()
    copy = layer.copy()
    copy.merge_filters()
    facts = {"filtered": told(folder, image, copy, "filtered") | {"type": "rgb-image"}}
    copy.delete()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 40, 30)
    status, message, new, made = paint(
        image, [layer], style=os.environ["NST_PHOTO"], output=output, strength=0.0
    )
    facts |= {"status": status, "message": message, "filters": len(layer.get_filters())}
    facts["made"] = told(folder, new, made, "made")
    facts["filters_of_made"] = len(made.get_filters())
    return facts
