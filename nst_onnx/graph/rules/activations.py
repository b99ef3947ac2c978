"""Rules of activation functions."""

from __future__ import annotations

import math

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule


@rule("Relu")
def relu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = max(x, 0); the gradient at 0 is 0. Reads the output, so the input's memory can be released."""
    return g.op("Where", g.op("Greater", node.output[0], g.constant(0.0)), dy, g.constant(0.0))


@rule("LeakyRelu")
def leaky_relu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x where x > 0, else alpha x."""
    slope = g.constant(attribute(node, "alpha", 0.01))
    positive = g.op("Greater", node.input[0], g.constant(0.0))
    return g.op("Where", positive, dy, g.op("Mul", dy, slope))


@rule("Sigmoid")
def sigmoid(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = 1/(1+e⁻ˣ): dy y (1−y)."""
    y = node.output[0]
    return g.op("Mul", dy, g.op("Mul", y, g.op("Sub", g.constant(1.0), y)))


@rule("Tanh")
def tanh(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = tanh x: dy (1−y²)."""
    y = node.output[0]
    return g.op("Mul", dy, g.op("Sub", g.constant(1.0), g.op("Mul", y, y)))


@rule("PRelu")
def prelu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x where x > 0, else slope x, with a fixed slope."""
    if index:
        raise GraphError(f"PRelu (node {node.output[0]!r}) has a gradient rule for fixed slopes only")
    positive = g.op("Greater", node.input[0], g.constant(0.0))
    return g.op("Where", positive, dy, g.op("Mul", dy, node.input[1]))


@rule("Elu")
def elu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x where x > 0, else α (eˣ − 1), whose slope is y + α."""
    slope = g.op("Add", node.output[0], g.constant(attribute(node, "alpha", 1.0)))
    positive = g.op("Greater", node.input[0], g.constant(0.0))
    return g.op("Where", positive, dy, g.op("Mul", dy, slope))


@rule("HardSigmoid")
def hard_sigmoid(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = min(max(αx + β, 0), 1): α dy strictly within."""
    y = node.output[0]
    within = g.op("And", g.op("Greater", y, g.constant(0.0)), g.op("Less", y, g.constant(1.0)))
    return g.op("Where", within, g.op("Mul", dy, g.constant(attribute(node, "alpha", 0.2))), g.constant(0.0))


@rule("HardSwish")
def hard_swish(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x min(max(x/6 + ½, 0), 1), whose slope is 0 up to −3, x/3 + ½ within, 1 from 3 on."""
    x = node.input[0]
    within = g.op("Add", g.op("Mul", x, g.constant(1 / 3)), g.constant(0.5))
    above = g.op("Where", g.op("Greater", x, g.constant(3.0)), g.constant(1.0), within)
    slope = g.op("Where", g.op("Less", x, g.constant(-3.0)), g.constant(0.0), above)
    return g.op("Mul", dy, slope)


@rule("Softplus")
def softplus(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = ln(1 + eˣ): dy sigmoid(x)."""
    return g.op("Mul", dy, g.op("Sigmoid", node.input[0]))


@rule("Softsign")
def softsign(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x / (1 + |x|): dy / (1 + |x|)²."""
    length = g.op("Add", g.op("Abs", node.input[0]), g.constant(1.0))
    return g.op("Div", dy, g.op("Mul", length, length))


@rule("Erf")
def erf(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """The error function, of which exporters make Gelu: dy 2/√π e^(−x²)."""
    bell = g.op("Exp", g.op("Neg", g.op("Mul", node.input[0], node.input[0])))
    return g.op("Mul", dy, g.op("Mul", bell, g.constant(2 / np.sqrt(np.pi))))


@rule("Selu")
def selu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = γ x where x > 0, else γ α (eˣ − 1), whose slope is y + γ α."""
    gamma = attribute(node, "gamma", 1.0507009873554805)
    alpha = attribute(node, "alpha", 1.6732632423543772)
    slope = g.op("Add", node.output[0], g.constant(gamma * alpha))
    positive = g.op("Greater", node.input[0], g.constant(0.0))
    return g.op("Mul", dy, g.op("Where", positive, g.constant(gamma), slope))


@rule("Celu")
def celu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x where x > 0, else α (e^(x/α) − 1), whose slope is y/α + 1."""
    slope = g.op(
        "Add", g.op("Mul", node.output[0], g.constant(1 / attribute(node, "alpha", 1.0))), g.constant(1.0)
    )
    positive = g.op("Greater", node.input[0], g.constant(0.0))
    return g.op("Where", positive, dy, g.op("Mul", dy, slope))


@rule("ThresholdedRelu")
def thresholded_relu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x where x > α, else 0."""
    passed = g.op("Greater", node.input[0], g.constant(attribute(node, "alpha", 1.0)))
    return g.op("Where", passed, dy, g.constant(0.0))


@rule("Mish")
def mish(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x t with t = tanh(ln(1 + eˣ)), whose slope is t + x (1 − t²) sigmoid(x)."""
    x, one = node.input[0], g.constant(1.0)
    t = g.op("Tanh", g.op("Softplus", x))
    bend = g.op("Mul", g.op("Sub", one, g.op("Mul", t, t)), g.op("Sigmoid", x))
    return g.op("Mul", dy, g.op("Add", t, g.op("Mul", x, bend)))


@rule("Swish")
def swish(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x s with s = sigmoid(α x), whose slope is s + α y (1 − s)."""
    alpha = g.constant(attribute(node, "alpha", 1.0))
    s = g.op("Sigmoid", g.op("Mul", node.input[0], alpha))
    bend = g.op("Mul", g.op("Mul", node.output[0], alpha), g.op("Sub", g.constant(1.0), s))
    return g.op("Mul", dy, g.op("Add", s, bend))


@rule("Gelu")
def gelu(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x Φ(x), Φ the normal distribution's: dy (Φ(x) + x φ(x)); or Φ approximated by (1 + tanh u)/2.

    u = √(2/π) (x + 0.044715 x³), as the operator's definition has it.
    """
    x, half, one = node.input[0], g.constant(0.5), g.constant(1.0)
    square = g.op("Mul", x, x)
    if attribute(node, "approximate", "none") == "tanh":
        root, cubic = math.sqrt(2 / math.pi), 0.044715
        inner = g.op("Add", g.op("Mul", square, g.constant(root * cubic)), g.constant(root))
        t = g.op("Tanh", g.op("Mul", x, inner))
        steepness = g.op("Add", g.op("Mul", square, g.constant(3 * root * cubic)), g.constant(root))
        bend = g.op("Mul", g.op("Sub", one, g.op("Mul", t, t)), steepness)
    else:
        t = g.op("Erf", g.op("Mul", x, g.constant(math.sqrt(0.5))))
        bell = g.op("Exp", g.op("Mul", square, g.constant(-0.5)))
        bend = g.op("Mul", bell, g.constant(2 / math.sqrt(2 * math.pi)))
    slope = g.op("Mul", g.op("Add", g.op("Add", one, t), g.op("Mul", x, bend)), half)
    return g.op("Mul", dy, slope)


@rule("Softmax")
def softmax(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = eˣ / Σ eˣ along an axis: y (dy − Σ dy y)."""
    y = node.output[0]
    along = g.op("ReduceSum", g.op("Mul", dy, y), g.ints(attribute(node, "axis", -1)), keepdims=1)
    return g.op("Mul", y, g.op("Sub", dy, along))
