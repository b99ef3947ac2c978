"""Which part of a layer is painted, and how much around it the painter sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .failure import Failure
from .translation import _

CONTEXT = 1 / 8  # of the painted part's longer side, on every side
COMFORTABLE = 32  # pixels a side, which the painter sees of a small part where the layer has them
SMALLEST = 8  # pixels a side: the compact network pools three times; what deeper ones lack, the engine tells


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """The same for functions that take four numbers."""
        return self.x, self.y, self.width, self.height

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.width <= 0 or self.height <= 0

    def within(self, other: Rectangle) -> Rectangle:
        """Return what lies in both; its width and height are 0 or less where nothing does."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rectangle(left, top, right - left, bottom - top)

    def grown(self, margin: int) -> Rectangle:
        """Return this with `margin` on every side."""
        return Rectangle(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def seen_from(self, other: Rectangle) -> Rectangle:
        """Return this, counted from the corner of `other`."""
        return Rectangle(self.x - other.x, self.y - other.y, self.width, self.height)

    def bands(self, pixels: int) -> Iterator[Rectangle]:
        """Yield it in parts of its full width, from the top, each of about as many `pixels` at most."""
        rows = max(pixels // self.width, 1)
        for top in range(0, self.height, rows):
            yield Rectangle(self.x, self.y + top, self.width, min(rows, self.height - top))


def surroundings(painted: Rectangle, there: Rectangle) -> Rectangle:
    """Return `painted`, a part of the layer `there`, with what the painter sees around it in the layer.

    Raises Failure where the layer is too small to paint.
    """
    if min(there.width, there.height) < SMALLEST:
        raise Failure(
            _("the layer is too small to paint: at least {side}×{side} pixels are needed").format(
                side=SMALLEST
            )
        )
    shorter, longer = sorted((painted.width, painted.height))
    margin = max(round(CONTEXT * longer), (COMFORTABLE - shorter + 1) // 2)
    return painted.grown(margin).within(there)


def check_size(width: int, height: int, longest: int) -> None:
    """Raise Failure where `width` × `height` pixels are too narrow once the longer side is `longest`."""
    shorter, longer = sorted((width, height))
    if round(shorter * longest / longer) < SMALLEST:
        raise Failure(
            _("the layer is too narrow for this size"), _("choose a larger size, or select less of it")
        )
