"""Rules of operators that rearrange elements: reshape, transpose, expand, concatenate, slice."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape, unstretch
from nst_onnx.graph.rules.registry import rule


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """The same elements in the same order under another shape."""
    return None if index else g.op("Reshape", dy, g.op("Shape", node.input[0]))


@rule("Transpose")
def transpose(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = x with axes permuted; the default reverses them, and so is its own inverse."""
    perm = attribute(node, "perm", NO_INTS)
    return g.op("Transpose", dy, **({"perm": np.argsort(perm).tolist()} if perm else {}))


@rule("Expand")
def expand(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x stretched along axes of length 1."""
    if index:
        return None
    own, stretched = (known_shape(g, name, node) for name in (node.input[0], node.output[0]))
    return unstretch(g, dy, node.input[0], own, [stretched])


@rule("Concat")
def concat(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = inputs one after another along an axis; each gets its own slice of dy."""
    axis = g.ints(attribute(node, "axis", 0))
    ends = [_length(g, name, axis) for name in node.input]
    start = g.ints(0)
    for length in ends[:index]:
        start = g.op("Add", start, length)
    return g.op("Slice", dy, start, g.op("Add", start, ends[index]), axis)


@rule("Slice")
def slice_(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x[start:end] along some axes (steps of 1): dy padded with zeros where x was cut."""
    if index:
        return None
    x, y = node.input[0], node.output[0]
    rank = len(known_shape(g, x, node))
    first, _, along, by = (*node.input[1:], "", "")[:4]
    starts = g.value(first)
    axes = g.value(along) if along else np.arange(0 if starts is None else starts.size)
    steps = g.value(by) if by else np.ones(1)
    if starts is None or axes is None or steps is None or (steps != 1).any():
        raise GraphError(f"Slice (node {y!r}) has a gradient rule for fixed starts, axes and steps of 1 only")
    # Start of the slice from the front: start + length (known at run time) for negative starts.
    fixed, from_end = np.zeros(rank, np.int64), np.zeros(rank, np.int64)
    fixed[axes], from_end[axes] = starts, np.less(starts, 0)
    long = g.op("Shape", x)
    begin = g.op("Add", g.ints(*fixed), g.op("Mul", g.ints(*from_end), long))
    begin = g.op("Max", g.op("Min", begin, long), g.ints(*[0] * rank))
    end = g.op("Sub", long, g.op("Add", begin, g.op("Shape", y)))
    return g.op("Pad", dy, g.op("Concat", begin, end, axis=0))


def _length(g: Graph, name: str, axis: str) -> str:
    """Return the length of a tensor along an axis, as a 1-D tensor of one element."""
    return g.op("Gather", g.op("Shape", name), axis)
