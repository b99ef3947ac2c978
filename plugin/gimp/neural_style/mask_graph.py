"""Arithmetic on masks of a layer's size, by GEGL, which works tile by tile."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gegl
from nst_client import Pixels
from rectangle import Rectangle
from selection import FORMAT, Selection

_NEARLY_ALL = 0.9999  # something is always left to divide by


def buffer_of(selection: Selection, bounds: Rectangle) -> Gegl.Buffer:
    """Return the part of a selection that lies within `bounds`, both in the image's pixels."""
    found = Gegl.Buffer.new(FORMAT, 0, 0, bounds.width, bounds.height)
    found.set(selection.bounds.moved(-bounds.x, -bounds.y).gegl, FORMAT, selection.mask)
    return found


def buffer_of_pixels(mask: Pixels) -> Gegl.Buffer:
    """Return a mask (u8, one channel)."""
    found = Gegl.Buffer.new(FORMAT, 0, 0, mask.width, mask.height)
    found.set(Rectangle(0, 0, mask.width, mask.height).gegl, "Y u8", mask.data)
    return found


def bytes_of(mask: Gegl.Buffer) -> bytes:
    """Return a mask as float32 values."""
    return bytes(mask.get(mask.get_extent(), 1.0, FORMAT, Gegl.AbyssPolicy.NONE))


def inverted(mask: Gegl.Buffer) -> Gegl.Buffer:
    """Return 1 less the mask."""
    return _processed(mask, "gegl:invert-linear")


def added(masks: Sequence[Gegl.Buffer]) -> Gegl.Buffer:
    """Return the sum of masks of one size, 1 at most."""
    found = masks[0]
    for mask in masks[1:]:
        found = _processed(found, "gegl:add", mask)
    return _processed(found, "gegl:rgb-clip")


def multiplied(masks: Sequence[Gegl.Buffer]) -> Gegl.Buffer:
    """Return the product of masks of one size."""
    found = masks[0]
    for mask in masks[1:]:
        found = _processed(found, "gegl:multiply", mask)
    return found


def of_the_uncovered(mask: Gegl.Buffer, covered: Gegl.Buffer) -> Gegl.Buffer:
    """Return how much of what `covered` leaves a layer covers, so that both cover their sum, 1 at most.

    Layers cover 1 - (1 - a)(1 - b) together.
    """
    left = inverted(_processed(covered, "gegl:multiply", value=_NEARLY_ALL))
    return _processed(_processed(mask, "gegl:divide", left), "gegl:rgb-clip")


def _processed(
    mask: Gegl.Buffer, operation: str, other: Gegl.Buffer | None = None, **properties: float
) -> Gegl.Buffer:
    extent = mask.get_extent()
    found = Gegl.Buffer.new(FORMAT, extent.x, extent.y, extent.width, extent.height)
    graph = Gegl.Node()
    node, sink = graph.create_child(operation), graph.create_child("gegl:write-buffer")
    for name, value in properties.items():
        node.set_property(name, value)
    source = graph.create_child("gegl:buffer-source")
    source.set_property("buffer", mask)
    source.link(node)
    if other is not None:
        second = graph.create_child("gegl:buffer-source")
        second.set_property("buffer", other)
        second.connect_to("output", node, "aux")
    sink.set_property("buffer", found)
    node.link(sink)
    sink.process()
    return found
