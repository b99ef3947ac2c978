"""Which part of a layer is painted, and how much around it the painter sees."""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Node

from .nst_client.failure import Failure
from .nst_client.translation import _

CONTEXT = 1 / 8  # of the painted part's longer side, on every side
SMALLEST = 8


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """The same for Krita's functions."""
        return self.x, self.y, self.width, self.height

    def within(self, other: Rectangle) -> Rectangle:
        """Return what lies in both; its width and height are 0 or less where nothing does."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rectangle(left, top, right - left, bottom - top)

    def grown(self, margin: int) -> Rectangle:
        """Return this with `margin` on every side."""
        return Rectangle(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.width <= 0 or self.height <= 0


@dataclass(frozen=True)
class Region:
    """`painted`: the bounds of what the selection covers; `seen`: the same with its surroundings.

    `mask`: how far each pixel of `painted` is selected, 0..255; None where there is no selection.
    """

    painted: Rectangle
    seen: Rectangle
    mask: bytes | None


def region(document: Document, layer: Node) -> Region:
    """Return what is to be painted of `layer`: what lies on the canvas, and in the selection."""
    canvas = Rectangle(document.xOffset(), document.yOffset(), document.width(), document.height())
    bounds = layer.bounds()
    there = Rectangle(bounds.x(), bounds.y(), bounds.width(), bounds.height()).within(canvas)
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
    seen = painted.grown(round(CONTEXT * max(painted.width, painted.height))).within(there)
    if min(seen.width, seen.height) < SMALLEST:
        raise Failure(_("there is too little to paint: at least 8×8 pixels are needed"))
    return Region(painted, seen, mask)
