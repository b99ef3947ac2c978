"""Windows of tiles: cut from the picture with its margin, and their gradients added to the picture's."""

from __future__ import annotations

import numpy as np

from nst_onnx.objective.tiles.layout import Layout, Span
from nst_onnx.support.arrays import Array


def window(rows: Array, layout: Layout, band: int, column: int) -> Array:
    """Return a tile's window 3×h×w from its band's rows 3×R×W (`layout.rows`).

    The margin repeats the outermost pixels.
    """
    (down, tall), (right, wide) = _places(layout, band, column)
    inner = rows[:, down, right]
    if tall == (0, 0) and wide == (0, 0):
        return np.ascontiguousarray(inner)
    return np.pad(inner, ((0, 0), tall, wide), mode="edge")


def add_gradient(gradient: Array, rows: Array, layout: Layout, band: int, column: int) -> None:
    """Add a window's gradient 3×h×w to that of its band's rows; the margin's to the pixels it repeats."""
    (down, tall), (right, wide) = _places(layout, band, column)
    rows[:, down, right] += _folded(_folded(gradient, 1, tall), 2, wide)


def _places(layout: Layout, band: int, column: int) -> list[tuple[slice, tuple[int, int]]]:
    """Return for each axis where the window lies in the band's rows, and its margin."""
    first_row = layout.rows(band).start
    spans: list[tuple[Span, int, int]] = [
        (layout.bands[band], layout.shape[0], first_row),
        (layout.columns[column], layout.shape[1], 0),
    ]
    places = []
    for span, side, origin in spans:
        start, stop = span.start - layout.margin, span.stop - layout.margin
        inner = slice(max(start, 0) - origin, min(stop, side) - origin)
        places.append((inner, (max(-start, 0), max(stop - side, 0))))
    return places


def _folded(gradient: Array, axis: int, margin: tuple[int, int]) -> Array:
    """Return the gradient inside the picture, that of the margin added to the outermost positions."""
    before, after = margin
    if not before and not after:
        return gradient
    lines = np.moveaxis(gradient, axis, 0)
    inside = lines[before : len(lines) - after].copy()
    inside[0] += lines[:before].sum(axis=0)
    inside[-1] += lines[len(lines) - after :].sum(axis=0)
    folded: Array = np.moveaxis(inside, 0, axis)
    return folded
