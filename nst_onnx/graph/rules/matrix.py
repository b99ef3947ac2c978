"""Rules of matrix products."""

from __future__ import annotations

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.elementwise import unbroadcast
from nst_onnx.graph.rules.table import rule


def transposed(g: Graph, name: str, rank: int) -> str:
    """Return the tensor with its last two axes exchanged."""
    return g.op("Transpose", name, perm=[*range(rank - 2), rank - 1, rank - 2])


@rule("MatMul")
def matmul(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = A B, also in stacks: dy Bᵀ and Aᵀ dy, summed over the stack axes that were stretched."""
    shapes = [g.shape(name) for name in node.input]
    a, b = shapes
    if a is None or b is None or min(len(a), len(b)) < 2:
        raise GraphError(f"MatMul (node {node.output[0]!r}) has a gradient rule for matrices only")
    if index == 0:
        product = g.op("MatMul", dy, transposed(g, node.input[1], len(b)))
    else:
        product = g.op("MatMul", transposed(g, node.input[0], len(a)), dy)
    own, other = (a, b) if index == 0 else (b, a)
    rank = max(len(a), len(b))
    mine = (1,) * (rank - len(own)) + own
    theirs = (1,) * (rank - len(other)) + other
    stretched = [axis for axis in range(rank - 2) if mine[axis] == 1 and theirs[axis] != 1]
    if stretched:
        product = g.op("ReduceSum", product, g.ints(*stretched), keepdims=1)
    return g.op("Reshape", product, g.op("Shape", node.input[index])) if len(own) < rank else product


@rule("Gemm")
def gemm(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = α op(A) op(B) + β C, with op(X) = X or Xᵀ.

    For a Gram matrix, y = A Aᵀ, both inputs are one: its gradient (dy + dyᵀ) A comes as one product.
    """
    a, b = node.input[:2]
    ta, tb = attribute(node, "transA", 0), attribute(node, "transB", 0)
    alpha = attribute(node, "alpha", 1.0)
    if index == 2:
        return unbroadcast_bias(g, node, dy, attribute(node, "beta", 1.0))
    if a == b and not ta and tb:
        both = g.op("Add", dy, g.op("Transpose", dy))
        return None if index else g.op("Gemm", both, a, alpha=alpha)
    # d op(A) = dy op(B)ᵀ and d op(B) = op(A)ᵀ dy, transposed where the operand was.
    if index == 0:
        if ta:
            return g.op("Gemm", b, dy, transA=tb, transB=1, alpha=alpha)
        return g.op("Gemm", dy, b, transB=1 - tb, alpha=alpha)
    if tb:
        return g.op("Gemm", dy, a, transA=1, transB=ta, alpha=alpha)
    return g.op("Gemm", a, dy, transA=1 - ta, alpha=alpha)


def unbroadcast_bias(g: Graph, node: onnx.NodeProto, dy: str, beta: float) -> str:
    """Return the gradient of Gemm's C, which may be a scalar, a row or a column."""
    like = onnx.helper.make_node("Add", [node.input[2], node.output[0]], ["unused"])
    return unbroadcast(g, g.op("Mul", dy, g.constant(beta)), like, 0)
