"""Periodic borders: a network's zero padding replaced by wrap-around, so that the picture is a tile."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import attribute

_PADDED = ("Conv", "MaxPool", "AveragePool")
_FAR = 2**31 - 1


def wrap_padding(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with every padding of its convolutions and pooling taken from the opposite side.

    The padding becomes Slice and Concat nodes, which every runtime has. Features of a picture whose sides are
    multiples of the network's stride are then those of the plane that it tiles. Raises GraphError for a
    network that pads in another way.
    """
    wrapped = onnx.ModelProto()
    wrapped.CopyFrom(model)
    wrapped.graph.ClearField("node")
    wrapping = _Wrapping(wrapped.graph)
    for node in model.graph.node:
        wrapping.add(node)
    return wrapped


class _Wrapping:
    """Appends nodes to a graph, with the nodes for their padding in front."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._constants: dict[int, str] = {}

    def add(self, node: onnx.NodeProto) -> None:
        pads = self._pads(node)
        if not any(pads):
            self._graph.node.append(node)
            return
        source = node.input[0]
        for axis, before, after in zip((2, 3), pads[:2], pads[2:], strict=True):
            source = self._wrapped(source, axis, before, after, f"{node.output[0]}/wrap{axis}")
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[0] = source
        kept = [a for a in node.attribute if a.name not in ("pads", "auto_pad")]
        copy.ClearField("attribute")
        copy.attribute.extend(kept)
        self._graph.node.append(copy)

    def _pads(self, node: onnx.NodeProto) -> Sequence[int]:
        """Return the padding before and after height and width: top, left, bottom, right."""
        if node.op_type == "Pad":
            raise GraphError(
                f"the network pads by itself (node {node.output[0]!r})", "use another for textures"
            )
        if node.op_type not in _PADDED:
            return (0, 0, 0, 0)
        automatic = attribute(node, "auto_pad", "NOTSET")
        if automatic == "VALID":
            return (0, 0, 0, 0)
        if automatic == "NOTSET":
            return tuple(attribute(node, "pads", [0, 0, 0, 0]))
        kernel = attribute(node, "kernel_shape", None)
        if node.op_type == "Conv" and kernel is None:
            weights = next(t for t in self._graph.initializer if t.name == node.input[1])
            kernel = list(weights.dims[2:])
        if (
            kernel is None
            or set(attribute(node, "strides", [1, 1])) != {1}
            or any(k % 2 == 0 for k in kernel)
        ):
            raise GraphError(f"the padding of node {node.output[0]!r} depends on the size of the picture")
        halves = [(k - 1) // 2 for k in kernel]
        return (*halves, *halves)

    def _wrapped(self, source: str, axis: int, before: int, after: int, name: str) -> str:
        parts = [source]
        if before:
            parts.insert(0, self._sliced(source, axis, -before, _FAR, f"{name}/before"))
        if after:
            parts.append(self._sliced(source, axis, 0, after, f"{name}/after"))
        if len(parts) == 1:
            return source
        self._graph.node.append(helper.make_node("Concat", parts, [name], axis=axis))
        return name

    def _sliced(self, source: str, axis: int, start: int, stop: int, name: str) -> str:
        where = [self._constant(number) for number in (start, stop, axis)]
        self._graph.node.append(helper.make_node("Slice", [source, *where], [name]))
        return name

    def _constant(self, number: int) -> str:
        if number not in self._constants:
            name = f"wrap_padding/{number}"
            tensor = helper.make_tensor(name, onnx.TensorProto.INT64, [1], [number])
            self._graph.initializer.append(tensor)
            self._constants[number] = name
        return self._constants[number]
