"""Rules of sums and means."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, Graph, attribute
from nst_onnx.graph.rules.registry import rule


def reduced_axes(g: Graph, node: onnx.NodeProto) -> list[int]:
    """Return the axes of a reduction, an attribute or an input by opset; [] where it names none."""
    if len(node.input) < 2 or not node.input[1]:
        return list(attribute(node, "axes", NO_INTS))
    axes = g.value(node.input[1])
    if axes is None:
        y = node.output[0]
        raise GraphError(f"{node.op_type} (node {y!r}) has a gradient rule for fixed axes only")
    return [int(axis) for axis in axes]


def with_kept_axes(g: Graph, node: onnx.NodeProto, dy: str) -> str:
    """Restore the axes of length 1 that the reduction removed from `dy`, so that it broadcasts."""
    axes = reduced_axes(g, node)
    if attribute(node, "keepdims", 1) or not axes:  # no axes: nothing was removed, or everything (a scalar)
        return dy
    return g.op("Unsqueeze", dy, g.ints(*axes))


def spread_mean(g: Graph, dy: str, x: str, y: str) -> str:
    """Return the gradient of `x` from that of its mean `y`: dy / n everywhere, n computed at run time."""
    sizes = [g.op("Cast", g.op("Size", name), to=onnx.TensorProto.FLOAT) for name in (y, x)]
    return g.op("Expand", g.op("Mul", dy, g.op("Div", *sizes)), g.op("Shape", x))


@rule("ReduceSum")
def reduce_sum(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x."""
    return None if index else g.op("Expand", with_kept_axes(g, node, dy), g.op("Shape", node.input[0]))


@rule("ReduceMean")
def reduce_mean(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x / n."""
    return None if index else spread_mean(g, with_kept_axes(g, node, dy), node.input[0], node.output[0])


@rule("ReduceSumSquare")
def reduce_sum_square(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x²: 2 x dy."""
    if index:
        return None
    return g.op("Mul", g.op("Mul", with_kept_axes(g, node, dy), g.constant(2.0)), node.input[0])


@rule("ReduceL1")
def reduce_l1(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ |x|."""
    return None if index else g.op("Mul", with_kept_axes(g, node, dy), g.op("Sign", node.input[0]))


@rule("ReduceL2")
def reduce_l2(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = √Σ x²: dy x/y, and 0 where all x are 0."""
    if index:
        return None
    y = with_kept_axes(g, node, node.output[0])
    share = g.op("Div", with_kept_axes(g, node, dy), g.op("Max", y, g.constant(np.finfo(np.float32).tiny)))
    return g.op("Mul", node.input[0], share)


@rule("GlobalAveragePool")
def global_average_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """The mean over all positions."""
    return spread_mean(g, dy, node.input[0], node.output[0])
