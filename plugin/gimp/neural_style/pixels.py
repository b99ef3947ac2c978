"""Pixels between GIMP's layers and the engine.

The engine wants and gives sRGB-encoded floats; GEGL converts from and to whatever the picture has: 8 to 32
bits, linear or perceptual, gray or a palette, in the colour space of its profile.
"""

from __future__ import annotations

from array import array

from gi.repository import Gegl, Gimp
from nst_client import Pixels
from region import Rectangle, Region

FORMATS = {3: "R'G'B' float", 4: "R'G'B'A float"}
MASK = "Y float"


def taken(layer: Gimp.Drawable, part: Rectangle) -> Pixels:
    """Return `part` of `layer` for the engine, with its alpha where it has one."""
    channels = 4 if layer.has_alpha() else 3
    return Pixels(part.width, part.height, channels, "f32", _read(layer.get_buffer(), part, channels))


def glimpse(layer: Gimp.Drawable, part: Rectangle, longest: int) -> Pixels:
    """Return `part` of `layer` as bytes, scaled down until no side is longer than `longest`, for a look."""
    scale = min(longest / max(part.width, part.height), 1.0)
    x, y = int(part.x * scale), int(part.y * scale)
    width, height = (max(int(side * scale), 1) for side in (part.width, part.height))
    there = Gegl.Rectangle.new(x, y, width, height)
    data = layer.get_buffer().get(there, scale, "R'G'B'A u8", Gegl.AbyssPolicy.CLAMP)
    return Pixels(width, height, 4, "u8", bytes(data))


def put(layer: Gimp.Drawable, region: Region, painting: Pixels) -> None:
    """Put `painting`, which shows `region.seen`, into the selected part of `layer`, as one undoable change.

    The selection is the mask, feathered as it is; outside of it nothing changes. Alpha stays as it was.
    """
    part = region.painted
    canvas = _scaled(painting, region.seen)
    inner = Rectangle(part.x - region.seen.x, part.y - region.seen.y, part.width, part.height)
    channels = 4 if layer.has_alpha() else 3
    data = _read(canvas, inner, 3)
    if channels == 4:
        data = _with_alpha(data, _read(layer.get_buffer(), part, 4))
    shadow = layer.get_shadow_buffer()
    shadow.set(part.gegl, FORMATS[channels], data)
    shadow.flush()
    layer.merge_shadow(True)
    layer.update(part.x, part.y, part.width, part.height)


def copied(source: Gimp.Drawable, target: Gimp.Drawable) -> None:
    """Copy all pixels of `source` into `target`, which has its size; exactly, where formats agree."""
    buffer = target.get_buffer()
    everything = Rectangle(0, 0, target.get_width(), target.get_height()).gegl
    source.get_buffer().copy(everything, Gegl.AbyssPolicy.NONE, buffer, everything)
    buffer.flush()
    target.update(0, 0, target.get_width(), target.get_height())


def mask_copied(source: Gimp.Drawable, part: Rectangle, target: Gimp.Drawable) -> None:
    """Copy `part` of the mask `source`, nothing where that goes beyond it, into the mask `target`."""
    buffer = target.get_buffer()
    data = source.get_buffer().get(part.gegl, 1.0, MASK, Gegl.AbyssPolicy.NONE)
    buffer.set(Gegl.Rectangle.new(0, 0, part.width, part.height), MASK, bytes(data))
    buffer.flush()
    target.update(0, 0, part.width, part.height)


def _read(buffer: Gegl.Buffer, part: Rectangle, channels: int) -> bytes:
    return bytes(buffer.get(part.gegl, 1.0, FORMATS[channels], Gegl.AbyssPolicy.NONE))


def _scaled(painting: Pixels, part: Rectangle) -> Gegl.Buffer:
    """Return `painting` without alpha, at the size of `part`."""
    size = Gegl.Rectangle.new(0, 0, painting.width, painting.height)
    buffer = Gegl.Buffer.new(FORMATS[3], 0, 0, painting.width, painting.height)
    buffer.set(size, FORMATS[3], _without_alpha(painting))
    if (painting.width, painting.height) == (part.width, part.height):
        return buffer
    scaled = Gegl.Buffer.new(FORMATS[3], 0, 0, part.width, part.height)
    graph = Gegl.Node()
    source, scale, sink = (
        graph.create_child(f"gegl:{name}") for name in ("buffer-source", "scale-size", "write-buffer")
    )
    source.set_property("buffer", buffer)
    scale.set_property("x", part.width)
    scale.set_property("y", part.height)
    scale.set_property("sampler", Gegl.SamplerType.CUBIC)
    scale.set_property("abyss-policy", Gegl.AbyssPolicy.CLAMP)
    sink.set_property("buffer", scaled)
    source.link(scale)
    scale.link(sink)
    sink.process()
    return scaled


def _without_alpha(painting: Pixels) -> bytes:
    if painting.channels == 3:
        return painting.data
    values = array("f", painting.data)
    colours = array("f", bytes(12 * painting.width * painting.height))
    for channel in range(3):
        colours[channel::3] = values[channel::4]
    return colours.tobytes()


def _with_alpha(colours: bytes, own: bytes) -> bytes:
    """Return `colours` (RGB) with the alpha of `own` (RGBA)."""
    values, painted = array("f", own), array("f", colours)
    for channel in range(3):
        values[channel::4] = painted[channel::3]
    return values.tobytes()
