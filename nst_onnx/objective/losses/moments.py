"""The moments style loss: means and standard deviations of the channels, beside the Gram matrix.

    ‖G − A‖² / ‖A‖² + |μ − μₛ|² / |μₛ|² + |σ − σₛ|² / |σₛ|²

(Galerne, Raad, Lezama & Morel 2024, "Scaling Painting Style Transfer", arXiv:2212.13459, with relative
distances in place of the weights there). G and A are means over positions. The last two denominators are at
least LEAST · tr A: a flat style has hardly a deviation to be relative to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nst_onnx.graph import Graph
from nst_onnx.objective.losses import second_moments
from nst_onnx.objective.losses.loss import StatisticLoss, sum_of_squares
from nst_onnx.objective.losses.normalisation import relative
from nst_onnx.support.arrays import Array, Numbers

FLOOR = 1e-4
"""What is added to every variance, relative to the style's mean square: a root has no derivative at 0."""
LEAST = 0.05
"""Lower bound of both denominators, relative to tr A, the style's sum of mean squares."""
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class MomentsLoss(StatisticLoss):
    """A style loss that is relative by itself: its energy is 1, or 0 where there is no target."""

    def distance(self, g: Graph, value: str, target: str) -> str:
        """Append the sum of the three relative distances to a graph."""
        (second, mean), (style_second, style_mean) = (
            second_moments.split(g, value),
            second_moments.split(g, target),
        )
        squares = second_moments.diagonal(g, style_second)
        floor = _at_least_tiny(g, g.op("Mul", g.op("ReduceMean", squares, keepdims=0), g.constant(FLOOR)))
        least = _at_least_tiny(g, g.op("Mul", g.op("ReduceSum", squares, keepdims=0), g.constant(LEAST)))
        deviation, style_deviation = (
            _deviation(g, second, mean, floor),
            _deviation(g, style_second, style_mean, floor),
        )
        return g.op(
            "Sum",
            _relative(g, second, style_second, g.constant(_TINY)),
            _relative(g, mean, style_mean, least),
            _relative(g, deviation, style_deviation, least),
        )

    def distance_and_derivative(self, mean: Numbers, target: Numbers) -> tuple[float, Numbers]:
        """Return the same and its derivative with respect to the statistic, in float64."""
        floor = max(FLOOR * float(np.diagonal(target[:-1]).mean()), _TINY)
        own, style = _deviations(mean, floor), _deviations(target, floor)
        least = max(LEAST * float(np.diagonal(target[:-1]).sum()), _TINY)
        parts = (target[:-1], _TINY), (target[-1], least), (style, least)
        scales = [1 / max(float(np.square(part).sum()), lower) for part, lower in parts]
        difference = mean - target
        value = (
            scales[0] * float(np.square(difference[:-1]).sum())
            + scales[1] * float(np.square(difference[-1]).sum())
            + scales[2] * float(np.square(own - style).sum())
        )
        derivative = 2 * difference * np.array([*[scales[0]] * len(own), scales[1]])[:, None]
        by_variance = scales[2] * np.where(own > math.sqrt(floor), (own - style) / own, 0)
        derivative[:-1] += np.diag(by_variance)
        derivative[-1] -= 2 * by_variance * mean[-1]
        return value, derivative

    def energy(self, target: Array) -> float:
        """Return 1: the parts are relative already. 0 where there is nothing to match."""
        return 1.0 if sum_of_squares(target) > _TINY else 0.0


def _relative(g: Graph, own: str, style: str, least: str) -> str:
    """Return Σ (x − t)² / max(Σ t², least)."""
    difference = g.op("ReduceSumSquare", g.op("Sub", own, style), keepdims=0)
    energy = g.op("Max", g.op("ReduceSumSquare", style, keepdims=0), least)
    return g.op("Div", difference, energy)


def _at_least_tiny(g: Graph, positive: str) -> str:
    """Return a number that can be divided by."""
    return g.op("Max", positive, g.constant(_TINY))


def _deviation(g: Graph, second: str, mean: str, floor: str) -> str:
    """Return the standard deviation of every channel, 1×C."""
    variance = g.op("Sub", second_moments.diagonal(g, second), g.op("Mul", mean, mean))
    return g.op("Sqrt", g.op("Add", g.op("Relu", variance), floor))


def _deviations(statistic: Numbers, floor: float) -> Numbers:
    """Return the standard deviation of every channel, C, in float64."""
    variances: Numbers = np.diagonal(statistic[:-1]) - np.square(statistic[-1])
    return np.sqrt(np.maximum(variances, 0) + floor)


LOSS = MomentsLoss(
    name="moments",
    target="style",
    normalisation=relative,
    position_sum=second_moments.position_sum,
    shape=second_moments.shape,
)
