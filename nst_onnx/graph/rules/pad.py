"""The rule of Pad, in all its modes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule

_FAR = 2**31 - 1


@rule("Pad")
def pad(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x with borders: crop dy, and add the gradient of the borders to the positions they copy."""
    if index:
        return None
    mode = attribute(node, "mode", "constant")
    if mode == "constant" and len(node.input) < 4:
        return g.op("Pad", dy, g.op("Neg", node.input[1]))
    begins, ends = _borders(g, node)
    if mode == "constant":
        return g.op("Pad", dy, g.ints(*-begins, *-ends))
    if min(*begins, *ends) < 0 or mode not in _STRIPS:
        raise GraphError(f"Pad (node {node.output[0]!r}) in mode {mode} with these pads has no gradient rule")
    for axis in np.flatnonzero(begins + ends):
        dy = _fold(g, dy, int(axis), len(begins), int(begins[axis]), int(ends[axis]), mode)
    return dy


def _borders(g: Graph, node: onnx.NodeProto) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the padding before and after each axis of a node whose pads are fixed in the graph."""
    pads, shape = g.value(node.input[1]), g.shape(node.input[0])
    if pads is None or shape is None:
        raise GraphError(f"Pad (node {node.output[0]!r}) has a gradient rule for fixed pads only")
    axes = g.value(node.input[3]) if len(node.input) > 3 and node.input[3] else None
    both = np.zeros((2, len(shape)), np.int64)
    both[:, np.arange(len(shape)) if axes is None else axes] = pads.reshape(2, -1)
    return both[0], both[1]


def _fold(g: Graph, dy: str, axis: int, rank: int, begin: int, end: int, mode: str) -> str:
    """Undo one axis of padding: the middle of dy, plus each border added to the positions it repeats."""
    where = g.ints(axis)
    middle = g.op("Slice", dy, g.ints(begin), g.ints(-end if end else _FAR), where)
    parts = [middle]
    for width, front in ((begin, True), (end, False)):
        if width:
            strip, offset, from_front = _STRIPS[mode](g, dy, where, width, front)
            parts.append(_place(g, strip, middle, axis, rank, offset, from_front))
    return g.op("Sum", *parts) if len(parts) > 1 else middle


def _border(g: Graph, dy: str, where: str, width: int, front: bool) -> str:
    start, stop = (0, width) if front else (-width, _FAR)
    return g.op("Slice", dy, g.ints(start), g.ints(stop), where)


def _reflect(g: Graph, dy: str, where: str, width: int, front: bool) -> tuple[str, int, bool]:
    """A border mirrors the positions behind the outermost one."""
    start, stop = (width - 1, -_FAR) if front else (-1, -width - 1)
    return g.op("Slice", dy, g.ints(start), g.ints(stop), where, g.ints(-1)), 1, front


def _edge(g: Graph, dy: str, where: str, width: int, front: bool) -> tuple[str, int, bool]:
    """A border repeats the outermost position."""
    return g.op("ReduceSum", _border(g, dy, where, width, front), where, keepdims=1), 0, front


def _wrap(g: Graph, dy: str, where: str, width: int, front: bool) -> tuple[str, int, bool]:
    """A border repeats the opposite end."""
    return _border(g, dy, where, width, front), 0, not front


_STRIPS = {"reflect": _reflect, "edge": _edge, "wrap": _wrap}


def _place(g: Graph, strip: str, like: str, axis: int, rank: int, offset: int, from_front: bool) -> str:
    """Return `strip` with zeros around it to the shape of `like`, `offset` away from one end of the axis."""
    near = g.ints(*[offset * (a == axis) for a in range(rank)])
    far = g.op("Sub", g.op("Sub", g.op("Shape", like), g.op("Shape", strip)), near)
    return g.op("Pad", strip, g.op("Concat", *((near, far) if from_front else (far, near)), axis=0))
