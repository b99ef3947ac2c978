"""The rule of instance normalisation, with respect to the input, the scales and the shifts."""

from __future__ import annotations

import onnx

from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule

_POSITIONS = (0, 2, 3)


@rule("InstanceNormalization")
def instance_normalization(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = γ x̂ + β with x̂ = (x − mean) / √(variance + ε), both over each channel of N×C×H×W.

    dx = γ (dy − mean(dy) − x̂ mean(dy x̂)) / √(variance + ε); dγ = Σ dy x̂; dβ = Σ dy.
    """
    x, scale = node.input[0], node.input[1]
    if index == 2:
        return g.op("ReduceSum", dy, g.ints(*_POSITIONS), keepdims=0)
    centred = g.op("Sub", x, g.op("GlobalAveragePool", x))
    variance = g.op("GlobalAveragePool", g.op("Mul", centred, centred))
    deviation = g.op("Sqrt", g.op("Add", variance, g.constant(attribute(node, "epsilon", 1e-5))))
    normalised = g.op("Div", centred, deviation)
    if index == 1:
        return g.op("ReduceSum", g.op("Mul", dy, normalised), g.ints(*_POSITIONS), keepdims=0)
    along = g.op("GlobalAveragePool", g.op("Mul", dy, normalised))
    projected = g.op("Sub", g.op("Sub", dy, g.op("GlobalAveragePool", dy)), g.op("Mul", normalised, along))
    column = g.op("Reshape", scale, g.ints(-1, 1, 1))
    return g.op("Mul", projected, g.op("Div", column, deviation))
