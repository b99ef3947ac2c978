"""The Wasserstein-2 style loss: the distance between Gaussians with the features' means and covariances.

    W₂² = |μ − μₛ|² + tr Σ + tr Σₛ − 2 tr (R Σ R)^½,    R = Σₛ^½

(Dowson & Landau 1982; as a style loss, Mroueh 2020, "Wasserstein Style Transfer", arXiv:1905.12828). A small
multiple of the identity is added to both covariances, so that the root is differentiable.
The derivative of tr (R Σ R)^½ with respect to Σ is ½ R (R Σ R)^-½ R: no root is differentiated step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from nst_onnx.graph import Graph
from nst_onnx.objective.losses import second_moments
from nst_onnx.objective.losses.loss import StatisticLoss
from nst_onnx.objective.losses.matrix_root import eigen_roots, roots
from nst_onnx.objective.losses.normalisation import relative
from nst_onnx.support.arrays import Array, Numbers

RIDGE = 1e-4
"""What is added to both covariances: this, times the style's mean variance, times the identity."""
_RIDGE_SHARE = RIDGE / (1 + RIDGE)
"""The ridge's share of tr Σₛ, which contains it."""
_FLOAT, _DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
_SMALLEST = 1e-10
"""A lower bound of the eigenvalues of R Σ R, relative to its trace."""


@dataclass(frozen=True, kw_only=True)
class WassersteinLoss(StatisticLoss):
    """A style loss whose target holds R in place of the second moments, and μₛ."""

    def prepared(self, statistic: Array) -> Array:
        """Return R above μₛ, (C+1)×C, for a style's statistic."""
        covariance = second_moments.covariance_of(statistic.astype(np.float64))
        channels = len(covariance)
        ridge = RIDGE * max(float(np.trace(covariance)), 1e-12) / channels
        root, _ = eigen_roots(covariance + ridge * np.eye(channels))
        return np.vstack([root, statistic[-1:]]).astype(np.float32)

    def distance_and_derivative(self, mean: Numbers, target: Numbers) -> tuple[float, Numbers]:
        """Return W₂² and its derivative with respect to the statistic, by eigenvalues in float64."""
        root, style_mean = target[:-1], target[-1]
        own_mean, identity = mean[-1], np.eye(len(root))
        variance = float(np.square(root).sum())
        covariance = second_moments.covariance_of(mean) + _RIDGE_SHARE * variance / len(root) * identity
        overlap, inverse = eigen_roots(root @ covariance @ root)
        means = float(np.square(own_mean - style_mean).sum())
        value = means + float(np.trace(covariance)) + variance - 2 * float(np.trace(overlap))
        by_covariance = identity - root @ inverse @ root
        by_mean = 2 * (own_mean - style_mean) - 2 * by_covariance @ own_mean
        return value, np.vstack([by_covariance, by_mean])

    def distance(self, g: Graph, value: str, target: str) -> str:
        """Append W₂² to a graph."""
        (second, mean), (root, style_mean) = second_moments.split(g, value), second_moments.split(g, target)
        identity = g.op("EyeLike", root)
        variance = g.op("ReduceSumSquare", root, keepdims=0)  # tr Σₛ, the ridge included
        ridge = g.op("Mul", identity, _ridge(g, root, variance))
        covariance = g.op("Add", second_moments.covariance(g, second, mean), ridge)
        means = g.op("ReduceSumSquare", g.op("Sub", mean, style_mean), keepdims=0)
        return g.op("Add", means, _covariances(g, covariance, root))


def _covariances(g: Graph, covariance: str, root: str) -> str:
    """Return tr Σ + tr Σₛ − 2 tr (R Σ R)^½, with its derivative I − R (R Σ R)^-½ R with respect to Σ.

    In float64: the smallest eigenvalues of R Σ R are below float32's rounding, and the traces cancel.
    """
    r, sigma = g.op("Cast", root, to=_DOUBLE), g.op("Cast", g.detach(covariance), to=_DOUBLE)
    overlap, inverse = roots(g, g.op("MatMul", r, g.op("MatMul", sigma, r)), smallest=_SMALLEST)
    identity, two = g.op("EyeLike", r), g.constant(2.0, np.float64)
    excess = g.op("Sub", g.op("Add", sigma, g.op("MatMul", r, r)), g.op("Mul", overlap, two))
    value = g.op("ReduceSum", g.op("Mul", excess, identity), keepdims=0)
    derivative = g.op("Sub", identity, g.op("MatMul", r, g.op("MatMul", inverse, r)))
    change = g.op("Sub", covariance, g.detach(covariance))  # zero: it has the derivative, not the value
    linear = g.op("ReduceSum", g.op("Mul", g.op("Cast", derivative, to=_FLOAT), change), keepdims=0)
    return g.op("Add", g.op("Cast", value, to=_FLOAT), linear)


def _ridge(g: Graph, root: str, variance: str) -> str:
    """Return what was added to the style's covariance, from tr Σₛ, which contains it."""
    channels = g.op("Cast", g.op("Shape", root, start=1), to=_FLOAT)
    return g.op("Mul", variance, g.op("Div", g.constant(_RIDGE_SHARE), channels))


LOSS = WassersteinLoss(
    name="wasserstein",
    target="style",
    float64=True,
    normalisation=relative,
    position_sum=second_moments.position_sum,
    shape=second_moments.shape,
)
