"""Rules of operators that rearrange elements: reshape, transpose, expand, concatenate, slice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
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
    """y = x[start:end] along some axes (fixed, steps of 1): dy padded with zeros where x was cut."""
    if index:
        return None
    x, y = node.input[0], node.output[0]
    rank = len(known_shape(g, x, node))
    first, _, along, by = (*node.input[1:], "", "")[:4]
    starts = g.value(first)
    axes = g.value(along) if along else np.arange(0 if starts is None else starts.size)
    steps = g.value(by) if by else np.ones(1)
    if axes is None or steps is None or (steps != 1).any() or (starts is None and not along):
        raise GraphError(f"Slice (node {y!r}) has a gradient rule for fixed axes and steps of 1 only")
    long = g.op("Shape", x)
    begin = (
        _computed_begin(g, first, along, rank, long)
        if starts is None
        else _begin(g, starts, axes, rank, long)
    )
    begin = g.op("Max", g.op("Min", begin, long), g.ints(*[0] * rank))
    end = g.op("Sub", long, g.op("Add", begin, g.op("Shape", y)))
    return g.op("Pad", dy, g.op("Concat", begin, end, axis=0))


def _begin(
    g: Graph, starts: npt.NDArray[np.generic], axes: npt.NDArray[np.generic], rank: int, long: str
) -> str:
    """Return the start along every axis, from the front: negative ones count from the length, at run time."""
    fixed, from_end = np.zeros(rank, np.int64), np.zeros(rank, np.int64)
    fixed[axes], from_end[axes] = starts, np.less(starts, 0)
    return g.op("Add", g.ints(*fixed), g.op("Mul", g.ints(*from_end), long))


def _computed_begin(g: Graph, starts: str, axes: str, rank: int, long: str) -> str:
    """Return the same where the graph computes the starts."""
    wide = [g.op("Cast", name, to=onnx.TensorProto.INT64) for name in (starts, axes)]
    from_end = g.op("Add", wide[0], g.op("Gather", long, wide[1]))
    from_front = g.op("Where", g.op("Less", wide[0], g.ints(0)), from_end, wide[0])
    return g.op("ScatterElements", g.ints(*[0] * rank), wide[1], from_front)


def _length(g: Graph, name: str, axis: str) -> str:
    """Return the length of a tensor along an axis, as a 1-D tensor of one element."""
    return g.op("Gather", g.op("Shape", name), axis)
