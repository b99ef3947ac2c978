"""The painted region of a layer: its part on the canvas, clipped to the selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from krita import Document, Node

from .nst_client.failure import Failure
from .nst_client.masks import empty
from .nst_client.region import Rectangle, with_context
from .nst_client.translation import _


@dataclass(frozen=True)
class Region:
    """`painted`: the bounds of the selected part; `context`: the same with a margin for the engine.

    `on_canvas`: the layer's part on the canvas. `mask(pixels)`: a slice of the mask of `painted`, which has
    a byte (0..255) for each pixel, row by row; None where all is painted.
    """

    painted: Rectangle
    context: Rectangle
    on_canvas: Rectangle
    mask: Callable[[slice], bytes | None] | None

    def mask_of(self, band: Rectangle) -> bytes | None:
        """Return the mask of a band of whole rows of `painted`."""
        if self.mask is None:
            return None
        start = (band.y - self.painted.y) * self.painted.width
        return self.mask(slice(start, start + band.width * band.height))


def region(document: Document, layer: Node, *, whole: bool = False) -> Region:
    """Return the region of `layer` to paint. Raises Failure where it is empty.

    `whole`: whatever is selected.
    """
    canvas = Rectangle(document.xOffset(), document.yOffset(), document.width(), document.height())
    on_canvas = bounds(layer).within(canvas)
    if on_canvas.empty:
        raise Failure(_("there is nothing on this layer"), _("click the layer with the picture"))
    selection = document.selection()
    if selection is None or whole:
        return Region(on_canvas, with_context(on_canvas, on_canvas), on_canvas, None)
    chosen = Rectangle(selection.x(), selection.y(), selection.width(), selection.height())
    painted = chosen.within(on_canvas)
    mask = b"" if painted.empty else bytes(selection.pixelData(*painted.sides))
    if empty(mask):
        raise Failure(
            _("the selection does not touch this layer"),
            _("move the selection over the layer, or remove it with Select ▸ Deselect"),
        )
    return Region(painted, with_context(painted, on_canvas), on_canvas, mask.__getitem__)


def bounds(layer: Node) -> Rectangle:
    """Return the bounding rectangle of a layer's pixels, which may exceed the canvas."""
    found = layer.bounds()
    return Rectangle(found.x(), found.y(), found.width(), found.height())
