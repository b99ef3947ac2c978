"""Fine levels: those above about 1000 pixels, where large structure is settled and texture is left to paint.

They grow by up to 2.5 instead of 1.5, start with less of the photo's detail, and
compare shallow layers only: the first style layer of each stride up to 4. Paintings are not enlarged for
them, so that the texture is as sharp as the painting's own pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from nst_onnx.objective.losses.loss import Loss, PositionwiseLoss, StatisticLoss
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.objective.terms import Term
from nst_onnx.painting import pyramid
from nst_onnx.painting.pyramid import Shape
from nst_onnx.picture import fit

SETTLED = pyramid.SETTLED
"""Longest side at which the large structure is settled."""
RATIO = 2.5
COST = 0.6
"""Of an evaluation, for each pixel, relative to other levels: measured at 4 and 12 megapixels."""
NARROWEST = 128  # pixels of the shorter side at SETTLED
LARGER = 1.25  # pictures up to so many times SETTLED have no fine level
DEEPEST = 4  # stride in pixels
ENLARGED_TO = 512  # pixels: a smaller painting has too few positions for its statistics
SHARE = Fraction(1, 2)  # of the steps that a level's pixels give it: more are of use at the coarser levels
DETAIL = 0.7  # of the photo's detail, added to the picture that a fine level starts from


def shapes(final: Shape) -> list[Shape]:
    """Return the shapes (H, W) of a pyramid whose levels above SETTLED are fine ones."""
    longest = max(final)
    if not is_fine(final):
        return pyramid.shapes(final)
    count = math.ceil(math.log(longest / SETTLED, RATIO) - 1e-9)
    growth = (longest / SETTLED) ** (1 / count)
    between = [fit(final, round(SETTLED * growth**level)) for level in range(1, count)]
    return [*pyramid.shapes(fit(final, SETTLED)), *between, final]


def is_fine(shape: Shape) -> bool:
    """Whether a level of such a pyramid is a fine one.

    Not of a panorama, which would be a few pixels high at SETTLED.
    """
    return max(shape) > LARGER * SETTLED and min(shape) * SETTLED >= NARROWEST * max(shape)


def objective_settings(settings: ObjectiveSettings, strides: Mapping[str, int]) -> ObjectiveSettings:
    """Return the settings of the fine levels.

    `strides` {layer: pixels between its positions}, in the network's order. Style terms: the first layer of
    each stride up to 4, their weights enlarged to the same sum. Content terms deeper than the last of them
    move there. Neighbours, which are matched, take no part. Where no style term would be left, nothing
    changes.
    """
    statistics = [one for one in settings.weighted_terms if _is_style_statistic(one)]
    kept = _first_of_each_stride(statistics, strides)
    if not kept:
        return settings
    order = list(strides)
    last = max(order.index(weighted.term.layer) for weighted in kept)
    terms: dict[str, WeightedTerm] = {}
    for weighted in settings.weighted_terms:
        term, weight = weighted.term, weighted.weight
        if weighted in statistics:
            if weighted not in kept:
                continue
            weight *= _sum(statistics, term.loss) / _sum(kept, term.loss)
        elif isinstance(term.loss, PositionwiseLoss):
            if term.loss.target == "style":
                continue
            if order.index(term.layer) > last:
                term = Term(term.loss, order[last])
        if term.name in terms:
            weight += terms[term.name].weight
        terms[term.name] = replace(weighted, term=term, weight=weight)
    return replace(settings, weighted_terms=tuple(terms.values()), styles_enlarged_to=ENLARGED_TO)


def _is_style_statistic(weighted: WeightedTerm) -> bool:
    loss = weighted.term.loss
    return isinstance(loss, StatisticLoss) and loss.target == "style"


def _first_of_each_stride(
    statistics: Sequence[WeightedTerm], strides: Mapping[str, int]
) -> list[WeightedTerm]:
    """Return the terms of each loss at its first layer of every stride up to 4."""
    order = list(strides)
    found: dict[tuple[str, int], WeightedTerm] = {}
    for weighted in sorted(statistics, key=lambda one: order.index(one.term.layer)):
        stride = strides[weighted.term.layer]
        if stride <= DEEPEST:
            found.setdefault((weighted.term.loss.name, stride), weighted)
    return list(found.values())


def _sum(terms: Sequence[WeightedTerm], loss: Loss) -> float:
    return sum(weighted.weight for weighted in terms if weighted.term.loss is loss)
