"""Reduction of a gradient over broadcast axes, shared by the rules of all operators that broadcast."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, Shape


def unbroadcast(g: Graph, dy: str, node: onnx.NodeProto, index: int) -> str:
    """Sum `dy` over the axes along which input `index` was stretched to the result's shape."""
    name = node.input[index]
    if all(other == name for other in node.input):
        return dy
    shapes = [known_shape(g, other, node) for other in node.input]
    return unstretch(g, dy, name, shapes[index], shapes)


def unstretch(g: Graph, dy: str, name: str, own: Shape, others: Iterable[Shape], fixed: int = 0) -> str:
    """Sum `dy` over the axes along which tensor `name`, of shape `own`, was stretched to meet `others`.

    The last `fixed` axes do not broadcast. A length that is known only at run time counts as not stretched.
    """
    shapes = list(others)
    rank = max(len(shape) for shape in shapes)
    mine, *theirs = ((1,) * (rank - len(shape)) + shape for shape in (own, *shapes))
    stretched = [a for a in range(rank - fixed) if mine[a] == 1 and any(shape[a] != 1 for shape in theirs)]
    if stretched:
        dy = g.op("ReduceSum", dy, g.ints(*stretched), keepdims=1)
    if len(own) < rank:
        dy = g.op("Reshape", dy, g.op("Shape", name))
    return dy


def known_shape(g: Graph, name: str, node: onnx.NodeProto) -> Shape:
    """Return the shape of a tensor whose rank the rule of `node` needs. Raises GraphError where unknown."""
    shape = g.shape(name)
    if shape is None:
        raise GraphError(f"cannot tell the rank of {name!r} at {node.op_type} (node {node.output[0]!r})")
    return shape
