"""Rectangles in GIMP's images and layers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gi.repository import Gegl
from nst_client import region


@dataclass(frozen=True)
class Rectangle:
    """`width` × `height` pixels, `x` from the left and `y` from the top."""

    x: int
    y: int
    width: int
    height: int

    @property
    def gegl(self) -> Gegl.Rectangle:
        """The rectangle as a GEGL type."""
        return Gegl.Rectangle.new(self.x, self.y, self.width, self.height)

    @property
    def shared(self) -> region.Rectangle:
        """The rectangle as the type that all editors share."""
        return region.Rectangle(self.x, self.y, self.width, self.height)

    def moved(self, x: int, y: int) -> Rectangle:
        """Return the rectangle moved `x` to the right and `y` down."""
        return replace(self, x=self.x + x, y=self.y + y)

    def scaled(self, scale: float) -> Rectangle:
        """Return the rectangle scaled by `scale`, each side at least 1."""
        width, height = (max(round(side * scale), 1) for side in (self.width, self.height))
        return Rectangle(round(self.x * scale), round(self.y * scale), width, height)
