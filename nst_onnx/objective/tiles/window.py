"""Out of the picture into a tile's window, and back with its gradient; the margin lies around the picture."""

from __future__ import annotations

import numpy as np

from nst_onnx.objective.tiles.layout import Layout, Span
from nst_onnx.support.arrays import Array


def cut_out(rows: Array, layout: Layout, band: int, column: int) -> Array:
    """Return a tile's window 3×h×w from its band's rows 3×R×W (`layout.rows`).

    The margin repeats the outermost pixels.
    """
    (down, tall), (right, wide) = _places(layout, band, column)
    inner = rows[:, down, right]
    if tall == (0, 0) and wide == (0, 0):
        return np.ascontiguousarray(inner)
    return np.pad(inner, ((0, 0), tall, wide), mode="edge")


def add_back(gradient: Array, rows: Array, layout: Layout, band: int, column: int) -> None:
    """Add a window's gradient 3×h×w to that of its band's rows; the margin's goes to what it repeats."""
    (down, tall), (right, wide) = _places(layout, band, column)
    rows[:, down, right] += _folded(_folded(gradient, 1, tall), 2, wide)


def _places(layout: Layout, band: int, column: int) -> list[tuple[slice, tuple[int, int]]]:
    """Return for each axis where the window lies in the band's rows, and how far it reaches beyond."""
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


def _folded(gradient: Array, axis: int, beyond: tuple[int, int]) -> Array:
    """Return the gradient with what lies beyond either end added to the outermost position within."""
    before, after = beyond
    if not before and not after:
        return gradient
    lines = np.moveaxis(gradient, axis, 0)
    within = lines[before : len(lines) - after].copy()
    within[0] += lines[:before].sum(axis=0)
    within[-1] += lines[len(lines) - after :].sum(axis=0)
    folded: Array = np.moveaxis(within, 0, axis)
    return folded
