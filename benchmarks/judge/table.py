"""Tables of rows: means over the pairs, and each pair's content error and style residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from statistics import fmean

from benchmarks.judge.measures import Measures
from benchmarks.judge.rows import Row
from benchmarks.report import Part

ABOUT = """
Means over the pairs, with the largest content error in brackets. Content error: 0 the photo, about 0.6 an
unrelated picture. Style residual, the same over VGG's blocks 1 to 4, and sliced Wasserstein: 0 the painting,
1 the photo. Grain: mean square in grey levels where the photo is flat. Palette: W₁ in Oklab. All but the edge
correlation are better small.
"""
EACH = "Content error / style residual of each pair."


def means(rows: Sequence[Row], size: int) -> Part:
    """Return one line for each name: the means of its columns over the pairs of one size."""
    header = ["", *(field.name.replace("_", " ") for field in fields(Measures)), "seconds", "MB"]
    part = Part(f"{size} pixels, {len(_pairs(rows, size))} pairs", ABOUT, header)
    for name in _names(rows):
        of_name = [row for row in rows if row.name == name and row.size == size]
        columns = [fmean(column) for column in zip(*(astuple(row.measures) for row in of_name), strict=True)]
        worst = max(row.measures.content_error for row in of_name)
        cells = [f"{columns[0]:.3f} ({worst:.3f})", *(_number(column) for column in columns[1:])]
        painted = [
            f"{fmean(row.seconds for row in of_name):.1f}",
            f"{max(r.peak for r in of_name) / 1e6:.0f}",
        ]
        part.rows.append([name, *cells, *(painted if of_name[0].peak else ["", ""])])
    return part


def each(rows: Sequence[Row], size: int) -> Part:
    """Return one line for each pair of one size, and a column for each name."""
    names = _names(rows)
    found = {(row.pair, row.name): row.measures for row in rows if row.size == size}
    part = Part(f"Each pair, {size} pixels", EACH, ["pair", *names])
    for pair in _pairs(rows, size):
        measured = (found[pair, name] for name in names)
        part.rows.append([pair, *(f"{m.content_error:.2f} / {m.style_residual:.2f}" for m in measured)])
    return part


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.name for row in rows))


def _pairs(rows: Sequence[Row], size: int) -> list[str]:
    return list(dict.fromkeys(row.pair for row in rows if row.size == size))


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"
