"""Conversion of pixels between GIMP's layers and the engine.

The engine takes and returns sRGB-encoded floats; GEGL converts from and to the image's own format: 8 to 32
bits, linear or perceptual, gray or indexed, in the colour space of its profile. GEGL works tile by tile, so
large layers need little memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gegl, Gimp
from nst_client import Pixels
from rectangle import Rectangle

FORMATS = {3: "R'G'B' float", 4: "R'G'B'A float"}


def read_pixels(layer: Gimp.Drawable, part: Rectangle, longest: int) -> Pixels:
    """Return `part` of `layer` as sRGB floats, with alpha where it has one, scaled to at most `longest`."""
    channels = 4 if layer.has_alpha() else 3
    where, data = _scaled_down(layer, part, longest, FORMATS[channels])
    return Pixels(where.width, where.height, channels, "f32", data)


def read_thumbnail(layer: Gimp.Drawable, part: Rectangle, longest: int) -> Pixels:
    """Return `part` of `layer` as RGBA bytes, scaled to at most `longest`, for display."""
    where, data = _scaled_down(layer, part, longest, "R'G'B'A u8")
    return Pixels(where.width, where.height, 4, "u8", data)


def _scaled_down(
    layer: Gimp.Drawable, part: Rectangle, longest: int, pixel_format: str
) -> tuple[Rectangle, bytes]:
    scale = min(longest / max(part.width, part.height), 1.0)
    where = part.scaled(scale)
    data = layer.get_buffer().get(where.gegl, scale, pixel_format, Gegl.AbyssPolicy.CLAMP)
    return where, bytes(data)


@contextmanager
def with_filters(layer: Gimp.Layer) -> Iterator[Gimp.Layer]:
    """Context manager for `layer` with its filters merged: a temporary copy, or itself without filters.

    Filters that enlarge the layer, such as shadows, and those of a group are ignored.
    """
    if layer.is_group() or not layer.get_filters():
        yield layer
        return
    copy = layer.copy()
    try:
        copy.merge_filters()
        same = (copy.get_width(), copy.get_height()) == (layer.get_width(), layer.get_height())
        yield copy if same else layer
    finally:
        copy.delete()


def paint_into(layer: Gimp.Layer, painted: Rectangle, context: Rectangle, painting: Pixels) -> None:
    """Write `painting`, an image of the part `context` of `layer`, into the part `painted`; undoable.

    The image's selection is the mask, with its feathering; outside of it nothing changes. Alpha is kept.
    """
    whole = Rectangle(0, 0, painting.width, painting.height).gegl
    canvas = Gegl.Buffer.new(FORMATS[3], 0, 0, painting.width, painting.height)
    canvas.set(whole, FORMATS[painting.channels], painting.data)  # without the painting's alpha
    shadow = layer.get_shadow_buffer()
    _process(
        ("buffer-source", {"buffer": canvas}),
        (
            "scale-size",
            {
                "x": context.width,
                "y": context.height,
                "sampler": Gegl.SamplerType.CUBIC,
                "abyss-policy": Gegl.AbyssPolicy.CLAMP,
            },
        ),
        ("translate", {"x": context.x, "y": context.y}),
        ("crop", {"x": painted.x, "y": painted.y, "width": painted.width, "height": painted.height}),
        ("write-buffer", {"buffer": shadow}),
    )
    shadow.flush()
    with _alpha_locked(layer):
        layer.merge_shadow(True)
    layer.free_shadow()
    layer.update(painted.x, painted.y, painted.width, painted.height)


def copy_pixels(source: Gimp.Drawable, target: Gimp.Drawable) -> None:
    """Copy all pixels of `source` into `target` of the same size; bit-exact where the formats agree."""
    buffer = target.get_buffer()
    everything = Rectangle(0, 0, target.get_width(), target.get_height()).gegl
    source.get_buffer().copy(everything, Gegl.AbyssPolicy.NONE, buffer, everything)
    buffer.flush()
    target.update(0, 0, target.get_width(), target.get_height())


def _process(*operations: tuple[str, dict[str, object]]) -> None:
    """Run a chain of GEGL `operations` (names and properties)."""
    graph = Gegl.Node()
    last = None
    for name, properties in operations:
        node = graph.create_child(f"gegl:{name}")
        for key, value in properties.items():
            node.set_property(key, value)
        if last is not None:
            last.link(node)
        last = node
    last.process()


@contextmanager
def _alpha_locked(layer: Gimp.Layer) -> Iterator[None]:
    if not layer.has_alpha() or layer.get_lock_alpha():
        yield
        return
    layer.set_lock_alpha(True)
    try:
        yield
    finally:
        layer.set_lock_alpha(False)
