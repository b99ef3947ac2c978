"""Losses that compare statistics, between a tile's two passes: their values, and their derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from nst_onnx.objective.losses.loss import StatisticLoss
from nst_onnx.objective.terms import Term
from nst_onnx.support.arrays import Array, Numbers

Sums = dict[str, Numbers]
"""{term: the statistic's sum over positions, or its mean}"""


def statistic_losses(
    terms: Iterable[Term[StatisticLoss]],
    sums: Mapping[str, Numbers],
    targets: Mapping[str, Numbers],
    factors: Mapping[str, float],
    positions: Mapping[str, float],
) -> tuple[dict[str, float], dict[str, Array]]:
    """Return {term: loss}, and {term: its derivative with respect to the sum over positions}.

    `sums`: of the whole picture; `targets`: means; `positions`: {weighting: the sum of its weights}.
    """
    losses, derivatives = {}, {}
    for term in terms:
        name, count = term.name, positions[term.weighting.name]
        distance, derivative = term.loss.distance_and_derivative(sums[name] / count, targets[name])
        losses[name] = factors[name] * distance
        derivatives[name] = (factors[name] / count * derivative).astype(np.float32)
    return losses, derivatives
