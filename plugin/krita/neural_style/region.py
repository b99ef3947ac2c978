"""Which part of a layer is painted: what lies on the canvas, and in the selection."""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Node

from .nst_client.failure import Failure
from .nst_client.region import Rectangle, surroundings
from .nst_client.translation import _


@dataclass(frozen=True)
class Region:
    """`painted`: the bounds of what the selection covers; `seen`: the same with its surroundings.

    `there`: what of the layer lies on the canvas. `mask`: how far each pixel of `painted` is selected,
    0..255; None where there is no selection.
    """

    painted: Rectangle
    seen: Rectangle
    there: Rectangle
    mask: bytes | None

    def mask_of(self, band: Rectangle) -> bytes | None:
        """Return the mask of some whole rows of `painted`."""
        if self.mask is None:
            return None
        start = (band.y - self.painted.y) * self.painted.width
        return self.mask[start : start + band.width * band.height]


def region(document: Document, layer: Node) -> Region:
    """Return what is to be painted of `layer`. Raises Failure where that is nothing."""
    canvas = Rectangle(document.xOffset(), document.yOffset(), document.width(), document.height())
    there = bounds(layer).within(canvas)
    if there.empty:
        raise Failure(_("there is nothing on this layer"), _("click the layer with the picture"))
    selection = document.selection()
    if selection is None:
        painted, mask = there, None
    else:
        chosen = Rectangle(selection.x(), selection.y(), selection.width(), selection.height())
        painted = chosen.within(there)
        mask = None if painted.empty else bytes(selection.pixelData(*painted.sides))
        if mask is None or not any(mask):
            raise Failure(
                _("the selection does not touch this layer"),
                _("move the selection over the layer, or remove it with Select ▸ Deselect"),
            )
    return Region(painted, surroundings(painted, there), there, mask)


def bounds(layer: Node) -> Rectangle:
    """Return where on the canvas, or beside it, a layer has pixels."""
    found = layer.bounds()
    return Rectangle(found.x(), found.y(), found.width(), found.height())
