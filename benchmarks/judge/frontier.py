"""The frontier of a contestant: the least style residual at each content error, over its strengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean
from typing import Literal

import numpy as np

from benchmarks.judge.rows import Row
from benchmarks.report import Part

STRENGTHS = (0.2, 0.35, 0.5, 0.65, 0.8)
ABOUT = """
{a} over {b}, at equal content error: geometric means over the content errors that both reach, by linear
interpolation between the strengths {strengths}. Below 1, {a} is better. Content errors: the range compared.
Seconds: all strengths of one over all of the other.
"""
_COMPARED = 9  # content errors, evenly spaced
_LEAST = 1e-9


@dataclass(frozen=True)
class Frontier:
    """A contestant's pictures of one pair in the order of their content error.

    `style`, `gram`: the least sliced Wasserstein and the least style residual up to that content error.
    `grain`: as measured. `seconds`: the mean.
    """

    content: tuple[float, ...]
    style: tuple[float, ...]
    gram: tuple[float, ...]
    grain: tuple[float, ...]
    seconds: float

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Frontier:
        """Return the frontier of one contestant's rows of one pair, one for each strength."""
        ordered = sorted((row.measures for row in rows), key=lambda measures: measures.content_error)
        return cls(
            tuple(m.content_error for m in ordered),
            tuple(np.minimum.accumulate([m.sliced_wasserstein for m in ordered]).tolist()),
            tuple(np.minimum.accumulate([m.style_residual for m in ordered]).tolist()),
            tuple(m.grain for m in ordered),
            fmean(row.seconds for row in rows),
        )

    def at(self, content: float, column: Literal["style", "gram", "grain"]) -> float:
        """Return a column at a content error, by linear interpolation; constant beyond the ends."""
        return max(float(np.interp(content, self.content, getattr(self, column))), _LEAST)


@dataclass(frozen=True)
class Comparison:
    """Ratios of one frontier to another at equal content error, from `low` to `high`; below 1 is better."""

    low: float
    high: float
    style: float
    gram: float
    grain: float
    seconds: float


def compare(one: Frontier, other: Frontier) -> Comparison:
    """Compare over the content errors that both reach; where there are none, at the larger of the least ones.

    A frontier is constant to the right of its end: what is reached at one content error is at larger ones.
    """
    low = max(one.content[0], other.content[0])
    high = max(low, min(one.content[-1], other.content[-1]))
    places = np.linspace(low, high, _COMPARED if high > low else 1).tolist()

    def ratio(column: Literal["style", "gram", "grain"]) -> float:
        return geometric_mean(one.at(place, column) / other.at(place, column) for place in places)

    seconds = one.seconds / max(other.seconds, _LEAST)
    return Comparison(low, high, ratio("style"), ratio("gram"), ratio("grain"), seconds)


def frontiers(rows: Sequence[Row], size: int, name: str) -> dict[str, Frontier]:
    """Return {pair: frontier} of a contestant, whose rows are named NAME@STRENGTH."""
    own = [row for row in rows if row.size == size and row.name.rpartition("@")[0] == name]
    pairs = dict.fromkeys(row.pair for row in own)
    return {pair: Frontier.of([row for row in own if row.pair == pair]) for pair in pairs}


def table(rows: Sequence[Row], size: int, names: tuple[str, str], strengths: Sequence[float]) -> Part:
    """Return the comparison of two contestants for each pair, with the means."""
    a, b = (frontiers(rows, size, name) for name in names)
    found = {pair: compare(a[pair], b[pair]) for pair in a}
    about = ABOUT.format(a=names[0], b=names[1], strengths=", ".join(f"{one:g}" for one in strengths))
    header = ["pair", "content errors", "sliced Wasserstein", "style residual", "grain", "seconds"]
    part = Part(f"{names[0]} over {names[1]}, {size} pixels", about, header)
    for pair, c in found.items():
        numbers = (c.style, c.gram, c.grain, c.seconds)
        part.rows.append([pair, f"{c.low:.2f}-{c.high:.2f}", *(f"{number:.2f}" for number in numbers)])
    columns = zip(*((c.style, c.gram, c.grain, c.seconds) for c in found.values()), strict=True)
    part.rows.append(["**mean**", "", *(f"**{geometric_mean(column):.2f}**" for column in columns)])
    below = sum(comparison.style < 1 for comparison in found.values())
    part.notes.append(f"{names[0]} is below {names[1]} on {below} of {len(found)} pairs.")
    return part
