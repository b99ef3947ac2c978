"""Mean and second moments of a layer's features, as one statistic.

Rows 0…C−1 are the Gram matrix divided by the positions, row C is the mean μ of every channel. The covariance
is Σ = G/M − μ μᵀ.
"""

from __future__ import annotations

import numpy as np

from nst_onnx.graph import Graph
from nst_onnx.objective.losses import style
from nst_onnx.objective.losses.loss import LayerFeatures
from nst_onnx.support.arrays import Numbers

_FAR = 2**31 - 1


def position_sum(g: Graph, features: LayerFeatures) -> str:
    """Return the sums over positions, (C+1)×C, not divided by anything.

    Both are sums over one matrix: their gradients are a product and a bias.
    """
    if features.channels_last:
        matrix = style.position_rows(g, features.weighted)
        gram = style.gram_of_position_rows(g, matrix)
    else:
        matrix = style.channel_rows(g, features.weighted)
        gram = style.gram_of_channel_rows(g, matrix)
    moments = g.op("Concat", gram, _channel_sums(g, matrix, features), axis=0)
    if features.root_weights is None:
        return moments

    def rule(g: Graph, dy: str) -> str:
        return style.weighted_derivative(g, features, *split(g, dy))

    return g.with_rule(moments, features.tensor, rule)


def _channel_sums(g: Graph, matrix: str, features: LayerFeatures) -> str:
    """Return Σ w F, 1×C, from the matrix of √w F."""
    if features.root_weights is None:
        if features.channels_last:
            return g.op("ReduceSum", matrix, g.ints(0), keepdims=1)
        return g.op("Transpose", g.op("ReduceSum", matrix, g.ints(1), keepdims=1))
    roots = g.op("Reshape", features.root_weights, g.ints(-1, 1))
    return g.op("Gemm", roots, matrix, transA=1, transB=int(not features.channels_last))


def shape(channels: int) -> tuple[int, int]:
    """Return (C+1, C)."""
    return channels + 1, channels


def split(g: Graph, statistic: str) -> tuple[str, str]:
    """Return the first C rows, C×C, and the last, 1×C."""
    return (
        g.op("Slice", statistic, g.ints(0), g.ints(-1), g.ints(0)),
        g.op("Slice", statistic, g.ints(-1), g.ints(_FAR), g.ints(0)),
    )


def covariance(g: Graph, gram_mean: str, mean: str) -> str:
    """Return Σ = G/M − μ μᵀ, C×C; `mean` is 1×C."""
    return g.op("Sub", gram_mean, g.op("Mul", mean, g.op("Transpose", mean, perm=[1, 0])))


def covariance_of(statistic: Numbers) -> Numbers:
    """Return Σ of a statistic (C+1)×C, in float64."""
    mean = statistic[-1]
    product: Numbers = statistic[:-1] - np.outer(mean, mean)
    return product


def diagonal(g: Graph, matrix: str) -> str:
    """Return the diagonal of a C×C matrix, 1×C."""
    return g.op("ReduceSum", g.op("Mul", matrix, g.op("EyeLike", matrix)), g.ints(0), keepdims=1)
