"""Rules of maxima and minima: what attains the extreme shares the gradient equally, as in MaxPool."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape, unbroadcast
from nst_onnx.graph.rules.reduction import reduced_axes, with_kept_axes
from nst_onnx.graph.rules.registry import rule

_FLOAT = onnx.TensorProto.FLOAT


@rule("ReduceMax", "ReduceMin")
def reduce_extreme(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = the extreme along some axes."""
    if index:
        return None
    axes = reduced_axes(g, node)
    if not axes and attribute(node, "noop_with_empty_axes", 0):
        return dy
    y = with_kept_axes(g, node, node.output[0])
    return _shared(g, dy=with_kept_axes(g, node, dy), x=node.input[0], y=y, axes=axes)


@rule("GlobalMaxPool")
def global_max_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = the maximum over all positions."""
    x, y = node.input[0], node.output[0]
    return _shared(g, dy=dy, x=x, y=y, axes=range(2, len(known_shape(g, x, node))))


@rule("Max", "Min")
def extreme(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = the extreme of a, b, …, element by element."""
    y = node.output[0]
    attained = [g.op("Cast", g.op("Equal", name, y), to=_FLOAT) for name in node.input]
    count = g.op("Sum", *attained)
    return unbroadcast(g, g.op("Div", g.op("Mul", dy, attained[index]), count), node, index)


def _shared(g: Graph, *, dy: str, x: str, y: str, axes: Sequence[int]) -> str:
    """Return `dy` divided among the elements of `x` that attain the extreme `y` along `axes` ([]: all)."""
    attained = g.op("Cast", g.op("Equal", x, y), to=_FLOAT)
    count = g.op("ReduceSum", attained, *([g.ints(*axes)] if axes else []), keepdims=1)
    return g.op("Mul", attained, g.op("Div", dy, count))
