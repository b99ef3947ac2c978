"""Which pixels a position of a feature map can see: the receptive field, derived from the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import attribute, constant_value
from nst_onnx.graph.rules.windows import Windows

_POINTWISE = frozenset(
    "Identity Dropout Cast Add Sum Sub Mul Div Pow Neg Abs Sqrt Exp Log Relu LeakyRelu Sigmoid Tanh PRelu "
    "Elu HardSigmoid HardSwish Softplus Softsign Erf Clip BatchNormalization".split()
)

# How far from a border's position what it shows lies beyond the position that it is padded at, in widths of
# the border: zeros show nothing, repeated pixels lie at the border, mirrored ones as far behind it again.
_BEYOND = {"constant": 0, "edge": 1, "reflect": 2}


@dataclass(frozen=True)
class Reach:
    """Position p along an axis depends on the pixels from p·stride + first to p·stride + last."""

    stride: int = 1
    first: int = 0
    last: int = 0

    def through(self, span: int, stride: int, before: int, after: int = 0) -> Reach:
        """Return the reach of windows `span` wide that begin `before` (at the latest `after` more) early."""
        return Reach(
            self.stride * stride,
            self.first - (before + after) * self.stride,
            self.last + (span - 1 - before) * self.stride,
        )

    def __or__(self, other: Reach) -> Reach:
        """Return what sees all that either sees."""
        return Reach(self.stride, min(self.first, other.first), max(self.last, other.last))


Field = tuple[Reach, Reach]
"""The reach along rows (downwards) and along columns."""


def receptive_fields(
    nodes: Iterable[onnx.NodeProto], picture: str, initializers: Mapping[str, onnx.TensorProto]
) -> dict[str, Field]:
    """Return the receptive field of every tensor 1×C×H×W that is computed from `picture`.

    Raises GraphError where an operator looks at more than a neighbourhood of each position.
    """
    fields: dict[str, Field] = {picture: (Reach(), Reach())}
    constants = {name: tuple(t.dims) for name, t in initializers.items()}
    values = {n: t for n, t in initializers.items() if t.data_type == onnx.TensorProto.INT64}
    for node in nodes:
        before = [fields[name] for name in node.input if name in fields]
        if node.op_type == "Constant":
            constants[node.output[0]] = constant_value(node).shape
        if not before:
            continue
        fields[node.output[0]] = _field(node, before, constants, values)
    return fields


def _field(
    node: onnx.NodeProto,
    before: list[Field],
    constants: Mapping[str, tuple[int, ...]],
    values: Mapping[str, onnx.TensorProto],
) -> Field:
    if node.op_type == "Conv":
        kernel = constants.get(node.input[1], ())[2:]
        return _windowed(node, before[0], kernel)
    if node.op_type in ("MaxPool", "AveragePool"):
        return _windowed(node, before[0], tuple(attribute(node, "kernel_shape")))
    if node.op_type == "Pad" and attribute(node, "mode", "constant") in _BEYOND and node.input[1] in values:
        return _padded(node, before[0], values)
    local = node.op_type in _POINTWISE or (node.op_type == "Concat" and attribute(node, "axis") == 1)
    alike = len({tuple(reach.stride for reach in field) for field in before}) == 1
    uniform = all(set(constants.get(name, ())[-2:]) <= {1} or _per_channel(node, name) for name in node.input)
    if not (local and alike and uniform):
        raise GraphError(
            f"operator {node.op_type} (node {node.name or node.output[0]!r}) looks at the whole picture, "
            "so the picture cannot be taken in tiles",
            "allow more memory, choose a smaller size, or layers before it",
        )
    rows, columns = before[0]
    for field in before[1:]:
        rows, columns = rows | field[0], columns | field[1]
    return rows, columns


def _per_channel(node: onnx.NodeProto, name: str) -> bool:
    """Whether an input holds one number for each channel by the operator's own definition."""
    return bool(node.op_type == "BatchNormalization" and name != node.input[0])


def _windowed(node: onnx.NodeProto, field: Field, kernel: tuple[int, ...]) -> Field:
    windows = Windows.of(node, kernel)
    reaches = []
    for axis, reach in enumerate(field):
        span, stride, begin = windows.span[axis], windows.strides[axis], windows.pads[axis]
        if windows.auto_pad == "NOTSET":
            reaches.append(reach.through(span, stride, begin))
        else:  # how much of the padding comes first depends on the size
            reaches.append(reach.through(span, stride, 0, span - 1))
    return reaches[0], reaches[1]


def _padded(node: onnx.NodeProto, field: Field, values: Mapping[str, onnx.TensorProto]) -> Field:
    """Return the field behind a Pad, whose border shows pixels that lie as far behind it as its mode says."""
    pads = onnx.numpy_helper.to_array(values[node.input[1]]).reshape(2, -1)
    given = len(node.input) > 3 and node.input[3]
    both = np.zeros((2, 4), np.int64)
    both[:, onnx.numpy_helper.to_array(values[node.input[3]]) if given else range(4)] = pads
    beyond = _BEYOND[attribute(node, "mode", "constant")]
    rows, columns = (
        reach.through(1 + beyond * max(begin, 0), 1, begin, beyond * max(end, 0))
        for reach, (begin, end) in zip(field, both.T[2:].tolist(), strict=True)
    )
    return rows, columns
