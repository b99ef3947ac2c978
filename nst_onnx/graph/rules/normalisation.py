"""Rules of normalisation: instance, layer, group and local response normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape
from nst_onnx.graph.rules.registry import rule

_PER_CHANNEL_SINCE = 21  # opset from which GroupNormalization has scales per channel, not per group


@rule("InstanceNormalization")
def instance_normalization(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = γ x̂ + β with x̂ = (x − mean) / √(variance + ε), both over each channel of N×C×….

    dx = γ (dy − mean(dy) − x̂ mean(dy x̂)) / √(variance + ε); dγ = Σ dy x̂; dβ = Σ dy.
    """
    x, scale = node.input[0], node.input[1]
    rank = len(known_shape(g, x, node))
    positions = g.ints(0, *range(2, rank))
    if index == 2:
        return g.op("ReduceSum", dy, positions, keepdims=0)
    mean = g.op("GlobalAveragePool", x)
    centred = g.op("Sub", x, mean)
    variance = g.op("GlobalAveragePool", g.op("Mul", centred, centred))
    deviation = g.op("Sqrt", g.op("Add", variance, g.constant(attribute(node, "epsilon", 1e-5))))
    normalised = g.op("Div", centred, deviation)
    if index == 1:
        return g.op("ReduceSum", g.op("Mul", dy, normalised), positions, keepdims=0)
    along = g.op("GlobalAveragePool", g.op("Mul", dy, normalised))
    projected = g.op("Sub", g.op("Sub", dy, g.op("GlobalAveragePool", dy)), g.op("Mul", normalised, along))
    column = g.op("Reshape", scale, g.ints(-1, *[1] * (rank - 2)))
    return g.op("Mul", projected, g.op("Div", column, deviation))


@rule("LayerNormalization")
def layer_normalization(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = γ x̂ + β with x̂ over all axes from `axis` on, for fixed γ and β."""
    if index:
        raise GraphError(
            f"LayerNormalization (node {node.output[0]!r}) has a gradient rule for fixed scales only"
        )
    first, x = attribute(node, "axis", -1), node.input[0]
    axes = range(first, 0 if first < 0 else len(known_shape(g, x, node)))
    scaled = g.op("Mul", dy, node.input[1])
    return _normalised(g, x, scaled, axes, attribute(node, "epsilon", 1e-5))


@rule("GroupNormalization")
def group_normalization(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = γ x̂ + β with x̂ over the positions of each group of channels, for fixed γ and β."""
    if index:
        raise GraphError(
            f"GroupNormalization (node {node.output[0]!r}) has a gradient rule for fixed scales only"
        )
    x, scale = node.input[0], node.input[1]
    rank = len(known_shape(g, x, node))
    groups = g.ints(0, attribute(node, "num_groups", 1), -1)
    if g.opset >= _PER_CHANNEL_SINCE:
        dy = g.op("Mul", dy, g.op("Reshape", scale, g.ints(-1, *[1] * (rank - 2))))
        scaled = g.op("Reshape", dy, groups)
    else:
        scaled = g.op("Mul", g.op("Reshape", dy, groups), g.op("Reshape", scale, g.ints(-1, 1)))
    epsilon = attribute(node, "epsilon", 1e-5)
    dx = _normalised(g, g.op("Reshape", x, groups), scaled, [2], epsilon)
    return g.op("Reshape", dx, g.op("Shape", x))


@rule("LRN")
def local_response(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x D^−β with D = bias + α m, m the mean of x² over `size` channels (zeros beyond the ends).

    dx = dy D^−β − 2 α β x mean(dy y / D), the mean over the windows that a channel lies in
    (Krizhevsky, Sutskever & Hinton 2012, section 3.3).
    """
    x, y, size = node.input[0], node.output[0], attribute(node, "size", 1)
    alpha, beta = attribute(node, "alpha", 1e-4), attribute(node, "beta", 0.75)
    before, behind = (size - 1) // 2, size // 2
    mean = _mean_over_channels(g, g.op("Mul", x, x), size, before, behind)
    denominator = g.op("Add", g.op("Mul", mean, g.constant(alpha)), g.constant(attribute(node, "bias", 1.0)))
    direct = g.op("Mul", dy, g.op("Pow", denominator, g.constant(-beta)))
    share = g.op("Div", g.op("Mul", dy, y), denominator)
    through = g.op("Mul", x, _mean_over_channels(g, share, size, behind, before))
    return g.op("Sub", direct, g.op("Mul", through, g.constant(2 * alpha * beta)))


def _mean_over_channels(g: Graph, name: str, size: int, before: int, behind: int) -> str:
    """Return the mean over a sliding window of channels, padded by zeros: pooling of a volume."""
    volume = g.op("Unsqueeze", name, g.ints(1))
    pads = [before, 0, 0, behind, 0, 0]
    pooled = g.op("AveragePool", volume, kernel_shape=[size, 1, 1], pads=pads, count_include_pad=1)
    return g.op("Squeeze", pooled, g.ints(1))


def _normalised(g: Graph, x: str, scaled: str, axes: Sequence[int], epsilon: float) -> str:
    """Return (s − mean(s) − x̂ mean(s x̂)) / √(variance + ε), of s = γ dy, means over `axes`."""
    along = g.ints(*axes)
    mean_of = partial(_mean, g, along)
    centred = g.op("Sub", x, mean_of(x))
    variance = mean_of(g.op("Mul", centred, centred))
    deviation = g.op("Sqrt", g.op("Add", variance, g.constant(epsilon)))
    normalised = g.op("Div", centred, deviation)
    projection = g.op("Mul", normalised, mean_of(g.op("Mul", scaled, normalised)))
    return g.op("Div", g.op("Sub", g.op("Sub", scaled, mean_of(scaled)), projection), deviation)


def _mean(g: Graph, axes: str, name: str) -> str:
    """Return the mean over axes: the axes of ReduceMean are an input since opset 18, an attribute before."""
    if g.opset >= 18:
        return g.op("ReduceMean", name, axes, keepdims=1)
    values = g.value(axes)
    assert values is not None
    return g.op("ReduceMean", name, axes=values.tolist(), keepdims=1)
