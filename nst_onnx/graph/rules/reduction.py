"""Rules of sums and means."""

from __future__ import annotations

import onnx

from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.table import rule


def reduced_axes(g: Graph, node: onnx.NodeProto) -> list[int] | None:
    """Return the axes a reduction works over; None means all. Attribute or input, by opset."""
    axes = attribute(node, "axes")
    if axes is None and len(node.input) > 1 and node.input[1]:
        value = g.value(node.input[1])
        axes = None if value is None else value.tolist()
    if not axes and attribute(node, "noop_with_empty_axes", 0):
        return []
    return list(axes) if axes else None


def with_kept_axes(g: Graph, node: onnx.NodeProto, dy: str) -> str:
    """Give `dy` back the axes of length 1 that the reduction dropped, so that it broadcasts."""
    axes = reduced_axes(g, node)
    if attribute(node, "keepdims", 1) or axes == []:
        return dy
    if axes is None:  # a scalar broadcasts against anything
        return dy
    return g.op("Unsqueeze", dy, g.ints(*axes))


@rule("ReduceSum")
def reduce_sum(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x."""
    return None if index else g.op("Expand", with_kept_axes(g, node, dy), g.op("Shape", node.input[0]))


@rule("ReduceMean")
def reduce_mean(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x / n, with n counted at run time."""
    if index:
        return None
    x, y = node.input[0], node.output[0]
    sizes = [g.op("Cast", g.op("Size", name), to=onnx.TensorProto.FLOAT) for name in (y, x)]
    share = g.op("Mul", with_kept_axes(g, node, dy), g.op("Div", *sizes))
    return g.op("Expand", share, g.op("Shape", x))


@rule("ReduceSumSquare")
def reduce_sum_square(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = Σ x²: 2 x dy."""
    if index:
        return None
    return g.op("Mul", g.op("Mul", with_kept_axes(g, node, dy), g.constant(2.0)), node.input[0])


@rule("GlobalAveragePool")
def global_average_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """The mean over all positions."""
    x, y = node.input[0], node.output[0]
    sizes = [g.op("Cast", g.op("Size", name), to=onnx.TensorProto.FLOAT) for name in (y, x)]
    return g.op("Expand", g.op("Mul", dy, g.op("Div", *sizes)), g.op("Shape", x))
