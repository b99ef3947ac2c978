"""The painted part of a layer, and the context around it that the engine receives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .failure import Failure
from .translation import _

CONTEXT = 1 / 8  # margin on every side, as a fraction of the painted part's longer side
MIN_CONTEXT = 32  # pixels a side with the margin, where the layer is as large
MIN_SIDE = (
    8  # pixels a side: the compact network pools three times; the engine reports deeper networks' limits
)


@dataclass(frozen=True)
class Rectangle:
    """A rectangle in a picture's pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """(x, y, width, height)."""
        return self.x, self.y, self.width, self.height

    @property
    def empty(self) -> bool:
        """Whether it contains no pixel."""
        return self.width <= 0 or self.height <= 0

    def within(self, other: Rectangle) -> Rectangle:
        """Return the intersection; its width or height is 0 or less where it is empty."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rectangle(left, top, right - left, bottom - top)

    def grown(self, margin: int) -> Rectangle:
        """Return the rectangle enlarged by `margin` on every side."""
        return Rectangle(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def relative_to(self, other: Rectangle) -> Rectangle:
        """Return the rectangle in coordinates whose origin is the corner of `other`."""
        return Rectangle(self.x - other.x, self.y - other.y, self.width, self.height)

    def bands(self, pixels: int) -> Iterator[Rectangle]:
        """Yield bands of full width, from the top, of at most `pixels` pixels (or one row)."""
        rows = max(pixels // self.width, 1)
        for top in range(0, self.height, rows):
            yield Rectangle(self.x, self.y + top, self.width, min(rows, self.height - top))


def with_context(painted: Rectangle, layer: Rectangle) -> Rectangle:
    """Return `painted`, a part of `layer`, with the context that the engine receives around it.

    Raises Failure where the layer is too small to paint.
    """
    if min(layer.width, layer.height) < MIN_SIDE:
        raise Failure(
            _("the layer is too small to paint: at least {side}×{side} pixels are needed").format(
                side=MIN_SIDE
            )
        )
    shorter, longer = sorted((painted.width, painted.height))
    margin = max(round(CONTEXT * longer), (MIN_CONTEXT - shorter + 1) // 2)
    return painted.grown(margin).within(layer)


def check_size(width: int, height: int, longest: int) -> None:
    """Raise Failure where `width` × `height` pixels, scaled to `longest`, have a side below MIN_SIDE."""
    shorter, longer = sorted((width, height))
    if round(shorter * longest / longer) < MIN_SIDE:
        raise Failure(
            _("the layer is too narrow for this size"), _("choose a larger size, or select less of it")
        )
