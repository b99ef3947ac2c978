"""Rules of matrix products."""

from __future__ import annotations

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape, unstretch
from nst_onnx.graph.rules.registry import rule


def transposed(g: Graph, name: str, rank: int) -> str:
    """Return the tensor with its last two axes exchanged."""
    return g.op("Transpose", name, perm=[*range(rank - 2), rank - 1, rank - 2])


@rule("MatMul")
def matmul(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = A B, also in stacks: dy Bᵀ and Aᵀ dy, summed over the stack axes that were stretched."""
    a, b = (known_shape(g, name, node) for name in node.input)
    if min(len(a), len(b)) < 2:
        raise GraphError(f"MatMul (node {node.output[0]!r}) has a gradient rule for matrices only")
    if index == 0:
        product = g.op("MatMul", dy, transposed(g, node.input[1], len(b)))
    else:
        product = g.op("MatMul", transposed(g, node.input[0], len(a)), dy)
    return unstretch(g, product, node.input[index], (a, b)[index], (a, b), fixed=2)


@rule("Gemm")
def gemm(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = α op(A) op(B) + β C, with op(X) = X or Xᵀ.

    For a Gram matrix, y = A Aᵀ or Aᵀ A, both inputs are the same tensor: its gradient, (dy + dyᵀ) A or
    A (dy + dyᵀ), is one product.
    """
    a, b = node.input[:2]
    ta, tb = attribute(node, "transA", 0), attribute(node, "transB", 0)
    alpha = attribute(node, "alpha", 1.0)
    if index == 2:
        own, result = (known_shape(g, name, node) for name in (node.input[2], node.output[0]))
        dy = g.op("Mul", dy, g.constant(attribute(node, "beta", 1.0)))
        return unstretch(g, dy, node.input[2], own, [result])
    if a == b and ta != tb:
        if index:
            return None
        both = g.op("Add", dy, g.op("Transpose", dy))
        return g.op("Gemm", *((a, both) if ta else (both, a)), alpha=alpha)
    # d op(A) = dy op(B)ᵀ and d op(B) = op(A)ᵀ dy, transposed where the operand was.
    if index == 0:
        if ta:
            return g.op("Gemm", b, dy, transA=tb, transB=1, alpha=alpha)
        return g.op("Gemm", dy, b, transB=1 - tb, alpha=alpha)
    if tb:
        return g.op("Gemm", dy, a, transA=1, transB=ta, alpha=alpha)
    return g.op("Gemm", a, dy, transA=1 - ta, alpha=alpha)
