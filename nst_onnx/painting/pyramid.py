"""Pyramid: the sizes of its levels, coarse to fine, and the evaluations of each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from nst_onnx.picture import fit

Shape = tuple[int, int]

COARSEST = 128
RATIO = 1.5
NARROWEST = 32  # of the shorter side: with fewer pixels, deep layers have hardly a position
TOLERANCE = 0.9  # of `COARSEST`: a level a little smaller is as good
SETTLED = 1024
"""Pixels on the longest side: up to here levels settle the large structure."""
COARSE = Fraction(1, 5)
"""What a coarser level counts against the largest one up to SETTLED, where levels start with the photo's
detail: it only prepares that.
"""
FEWEST = 4  # steps: below that the optimiser makes no progress


def shapes(final: Shape, *, coarsest: int = COARSEST, ratio: float = RATIO) -> list[Shape]:
    """Return the shapes (H, W) from coarse to fine, the last being `final`.

    Longest sides grow by at most `ratio` from about `coarsest` on. Large structure is set where the
    network's receptive field covers most of the picture, and detail is added after.
    """
    levels = [final]
    while max(levels[0]) / ratio >= coarsest * TOLERANCE and min(levels[0]) / ratio >= NARROWEST:
        levels.insert(0, fit(final, round(max(levels[0]) / ratio)))
    return levels


def in_periods(levels: Sequence[Shape], period: int) -> list[Shape]:
    """Return the levels with sides rounded to multiples of `period`, at least one."""

    def rounded(side: int) -> int:
        return max(period, round(side / period) * period)

    return [(rounded(height), rounded(width)) for height, width in levels]


def shares(
    steps: int, levels: Sequence[Shape], *, coarse: Fraction = COARSE, fine: Fraction = Fraction(1)
) -> list[int]:
    """Share `steps` (at least one for each) between levels; what is left over goes to the coarsest.

    Each gets `FEWEST` while there are enough for all. The rest is shared by weight: 1 for the largest level
    of up to `SETTLED` pixels, `coarse` for those below. Those above count `fine`, and less in inverse
    proportion to their pixels: only fine detail is left to do there, and a step takes as long as there are
    pixels.
    """
    least = min(FEWEST, steps // len(levels))
    weights = [
        Fraction(1) if max(level) <= SETTLED else fine * Fraction(SETTLED, max(level)) ** 2
        for level in levels
    ]
    for number, finer in enumerate(levels[1:]):
        if max(finer) <= SETTLED:
            weights[number] = coarse
    spare, total = steps - least * len(levels), sum(weights)
    found = [least + int(spare * weight / total) for weight in weights]
    rest = steps - sum(found)
    return [count + (i < rest) for i, count in enumerate(found)]
