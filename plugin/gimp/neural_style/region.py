"""Which part of a layer is painted, and how much around it the painter sees."""

from __future__ import annotations

from dataclasses import dataclass

from failure import Failure
from gi.repository import Gegl, Gimp
from translation import _

CONTEXT = 1 / 8  # of the painted part's longer side, on every side
SMALLEST = 8


@dataclass(frozen=True)
class Rectangle:
    """A part of a layer, in the layer's own pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def gegl(self) -> Gegl.Rectangle:
        """The same for GEGL."""
        return Gegl.Rectangle.new(self.x, self.y, self.width, self.height)

    def grown(self, margin: int, width: int, height: int) -> Rectangle:
        """Return this with `margin` on every side, as far as (`width`, `height`) goes."""
        left, top = max(self.x - margin, 0), max(self.y - margin, 0)
        right = min(self.x + self.width + margin, width)
        bottom = min(self.y + self.height + margin, height)
        return Rectangle(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class Region:
    """`painted`: the bounds of what the selection covers; `seen`: the same with its surroundings."""

    painted: Rectangle
    seen: Rectangle


def region(layer: Gimp.Drawable) -> Region:
    """Return what is to be painted of `layer`: all of it, or what the selection covers."""
    found, *bounds = layer.mask_intersect()
    if not found:
        raise Failure(
            _("the selection does not touch this layer"),
            _("move the selection over the layer, or remove it with Select ▸ None"),
        )
    painted = Rectangle(*bounds)
    width, height = layer.get_width(), layer.get_height()
    seen = painted.grown(round(CONTEXT * max(painted.width, painted.height)), width, height)
    if min(seen.width, seen.height) < SMALLEST:
        raise Failure(_("there is too little to paint: at least 8×8 pixels are needed"))
    return Region(painted, seen)
