"""Which part of a layer is painted, and how much around it the painter sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .failure import Failure
from .translation import _

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
    """Return `painted` with what the painter sees around it, as far as `there` goes.

    Raises Failure where that is too little to paint.
    """
    seen = painted.grown(round(CONTEXT * max(painted.width, painted.height))).within(there)
    if min(seen.width, seen.height) < SMALLEST:
        raise Failure(
            _("there is too little to paint: at least {side}×{side} pixels are needed").format(side=SMALLEST)
        )
    return seen
