"""Rules of operators that select elements: Where, Gather with fixed indices, Split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape, unbroadcast
from nst_onnx.graph.rules.registry import joined_rule, rule


@rule("Where")
def where(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = a where the condition holds, else b."""
    condition, zero = node.input[0], g.constant(0.0)
    if index == 0:
        return None
    passed = (dy, zero) if index == 1 else (zero, dy)
    return unbroadcast(g, g.op("Where", condition, *passed), node, index)


@rule("Gather")
def gather(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x at fixed indices along an axis: the product of dy and the matrix of ones at (index, position)."""
    if index:
        return None
    x, y = node.input[0], node.output[0]
    indices = g.value(node.input[1])
    if indices is None or indices.ndim > 1:
        raise GraphError(f"Gather (node {y!r}) has a gradient rule for a fixed list of indices only")
    rank = len(known_shape(g, x, node))
    axis = attribute(node, "axis", 0) % rank
    if indices.ndim == 0:
        dy = g.op("Unsqueeze", dy, g.ints(axis))
    depth = g.op("Gather", g.op("Shape", x), g.ints(axis))
    chosen = g.op("OneHot", g.ints(*np.atleast_1d(indices).tolist()), depth, g.constant([0.0, 1.0]))
    if rank == 1:
        return g.op("Squeeze", g.op("MatMul", g.op("Unsqueeze", dy, g.ints(0)), chosen), g.ints(0))
    # The axis goes last for the product, and back.
    order = [*(a for a in range(rank) if a != axis), axis]
    spread = g.op("MatMul", g.op("Transpose", dy, perm=order), chosen)
    return g.op("Transpose", spread, perm=np.argsort(order).tolist())


@joined_rule("Split")
def split(g: Graph, node: onnx.NodeProto, dys: Sequence[str]) -> str:
    """y₁, y₂, … = x in pieces along an axis."""
    return g.op("Concat", *dys, axis=attribute(node, "axis", 0))
