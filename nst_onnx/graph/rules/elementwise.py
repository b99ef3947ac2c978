"""Rules of operators that work on each element by itself, with broadcasting where they have two inputs."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape, unbroadcast
from nst_onnx.graph.rules.registry import rule


@rule("Identity", "Dropout")
def identity(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x (dropout at inference)."""
    return dy if index == 0 else None


@rule("Cast")
def cast(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """Between float types; the gradient becomes float32. None flows through whole numbers."""
    return (
        g.op("Cast", dy, to=onnx.TensorProto.FLOAT)
        if attribute(node, "to", onnx.TensorProto.UNDEFINED) in _FLOATS
        else None
    )


_FLOATS = frozenset(
    (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE)
)


@rule("Add", "Sum")
def add(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = a + b + …"""
    return unbroadcast(g, dy, node, index)


@rule("Sub")
def sub(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = a − b."""
    return unbroadcast(g, dy if index == 0 else g.op("Neg", dy), node, index)


@rule("Mul")
def mul(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = a b; a square's gradient 2 a dy is returned for the first input."""
    a, b = node.input
    if a == b:
        return None if index else g.op("Mul", g.op("Mul", dy, g.constant(2.0)), a)
    return unbroadcast(g, g.op("Mul", dy, b if index == 0 else a), node, index)


@rule("Div")
def div(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = a / b: dy/b and −dy y/b."""
    quotient = g.op("Div", dy, node.input[1])
    if index == 1:
        quotient = g.op("Neg", g.op("Mul", quotient, node.output[0]))
    return unbroadcast(g, quotient, node, index)


@rule("Pow")
def power(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x^p for a fixed p: dy p x^(p−1)."""
    p = g.value(node.input[1])
    if index != 0 or p is None:
        raise GraphError(f"Pow (node {node.output[0]!r}) has a gradient rule for fixed exponents only")
    slope = g.op("Pow", node.input[0], g.constant(np.asarray(p, np.float32) - 1))
    return unbroadcast(g, g.op("Mul", dy, g.op("Mul", slope, g.constant(np.asarray(p, np.float32)))), node, 0)


@rule("Neg")
def neg(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = −x."""
    return g.op("Neg", dy)


@rule("Abs")
def absolute(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = |x|; the gradient at 0 is 0."""
    return g.op("Mul", dy, g.op("Sign", node.input[0]))


@rule("Sqrt")
def sqrt(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = √x: dy / 2y."""
    return g.op("Div", g.op("Mul", dy, g.constant(0.5)), node.output[0])


@rule("Exp")
def exp(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = eˣ."""
    return g.op("Mul", dy, node.output[0])


@rule("Log")
def log(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = ln x."""
    return g.op("Div", dy, node.input[0])


@rule("Reciprocal")
def reciprocal(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = 1/x: −dy y²."""
    y = node.output[0]
    return g.op("Neg", g.op("Mul", dy, g.op("Mul", y, y)))


@rule("Clip")
def clip(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = min(max(x, lo), hi): dy where x lies within, the borders included."""
    if index != 0:
        return None
    x, bounds = node.input[0], [*node.input[1:], "", ""]
    zero = g.constant(0.0)
    if bounds[0]:
        dy = g.op("Where", g.op("GreaterOrEqual", x, bounds[0]), dy, zero)
    if bounds[1]:
        dy = g.op("Where", g.op("LessOrEqual", x, bounds[1]), dy, zero)
    return dy


@rule("BatchNormalization")
def batch_normalization(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """At inference y = scale (x − mean)/√(var + ε) + b, channel by channel."""
    y = node.output[0]
    if index != 0:
        raise GraphError(f"BatchNormalization (node {y!r}) has a gradient rule for fixed parameters only")
    if attribute(node, "training_mode", 0):
        raise GraphError(
            f"BatchNormalization (node {y!r}) is in training mode",
            "export the network for inference (model.eval() in PyTorch)",
        )
    _, scale, _, _, var = node.input[:5]
    deviation = g.op("Sqrt", g.op("Add", var, g.constant(attribute(node, "epsilon", 1e-5))))
    rank = len(known_shape(g, node.input[0], node))
    per_channel = g.op("Reshape", g.op("Div", scale, deviation), g.ints(-1, *[1] * (rank - 2)))
    return g.op("Mul", dy, per_channel)
