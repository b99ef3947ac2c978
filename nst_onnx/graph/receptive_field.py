"""Receptive fields: the pixels that each position of a feature map depends on, derived from the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, attribute, constant_value
from nst_onnx.graph.rules.windows import Windows

_POINTWISE = frozenset(
    "Identity Dropout Cast Add Sum Sub Mul Div Pow Neg Abs Sqrt Exp Log Relu LeakyRelu Sigmoid Tanh PRelu "
    "Elu HardSigmoid HardSwish Softplus Softsign Erf Clip BatchNormalization Selu Celu ThresholdedRelu Mish "
    "Swish Gelu Reciprocal Max Min Where LRN QuantizeLinear DequantizeLinear".split()
)

# Largest distance from a padded position to the pixel it copies, in widths of the border, by the mode of
# Pad: zeros copy none, "edge" the outermost pixel, "reflect" the mirrored one.
_COPY_DISTANCE = {"constant": 0, "edge": 1, "reflect": 2}


@dataclass(frozen=True)
class AxisField:
    """Receptive field along one axis: position p depends on pixels p·stride + first to p·stride + last."""

    stride: int = 1
    first: int = 0
    last: int = 0

    def behind_window(self, span: int, stride: int, pad: int, extra: int = 0) -> AxisField:
        """Return the field behind a sliding window of `span` pixels, padded by `pad` to `pad` + `extra`."""
        return AxisField(
            self.stride * stride,
            self.first - (pad + extra) * self.stride,
            self.last + (span - 1 - pad) * self.stride,
        )

    def behind_repetition(self, factor: int) -> AxisField:
        """Return the field behind an upsampling that repeats each position `factor` times."""
        return AxisField(self.stride // factor, self.first - self.stride + self.stride // factor, self.last)

    def __or__(self, other: AxisField) -> AxisField:
        """Return the union of two fields of one stride."""
        return AxisField(self.stride, min(self.first, other.first), max(self.last, other.last))


ReceptiveField = tuple[AxisField, AxisField]
"""The receptive field along the vertical and the horizontal axis."""


def receptive_fields(
    nodes: Iterable[onnx.NodeProto], picture: str, initializers: Mapping[str, onnx.TensorProto]
) -> dict[str, ReceptiveField]:
    """Return the receptive field of every tensor 1×C×H×W that is computed from `picture`.

    Raises GraphError where an operator depends on more than a neighbourhood of each position.
    """
    fields: dict[str, ReceptiveField] = {picture: (AxisField(), AxisField())}
    constants = {name: tuple(t.dims) for name, t in initializers.items()}
    values = {n: t for n, t in initializers.items() if t.data_type == onnx.TensorProto.INT64}
    scales = {n: t for n, t in initializers.items() if tuple(t.dims) == (4,)}
    for node in nodes:
        before = [fields[name] for name in node.input if name in fields]
        if node.op_type == "Constant":
            constants[node.output[0]] = constant_value(node).shape
        if not before:
            continue
        fields[node.output[0]] = _field(node, before, constants, values, scales)
    return fields


def _field(
    node: onnx.NodeProto,
    before: list[ReceptiveField],
    constants: Mapping[str, tuple[int, ...]],
    values: Mapping[str, onnx.TensorProto],
    scales: Mapping[str, onnx.TensorProto],
) -> ReceptiveField:
    if node.op_type == "Conv":
        # A kernel that the graph computes has no known shape but this.
        given = tuple(attribute(node, "kernel_shape", NO_INTS))
        return _windowed(node, before[0], tuple(constants.get(node.input[1], ())[2:]) or given)
    if node.op_type in ("MaxPool", "AveragePool"):
        return _windowed(node, before[0], tuple(attribute(node, "kernel_shape", NO_INTS)))
    if (
        node.op_type == "Pad"
        and attribute(node, "mode", "constant") in _COPY_DISTANCE
        and node.input[1] in values
    ):
        return _padded(node, before[0], values)
    if node.op_type == "Resize" and (factors := _repetition(node, before[0], scales)):
        rows, columns = before[0]
        return rows.behind_repetition(factors[0]), columns.behind_repetition(factors[1])
    local = node.op_type in _POINTWISE or (node.op_type == "Concat" and attribute(node, "axis", 0) == 1)
    alike = len({tuple(axis_field.stride for axis_field in field) for field in before}) == 1
    uniform = all(set(constants.get(name, ())[-2:]) <= {1} or _per_channel(node, name) for name in node.input)
    if not (local and alike and uniform):
        raise GraphError(
            f"operator {node.op_type} (node {node.name or node.output[0]!r}) depends on the whole picture, "
            "so the picture cannot be taken in tiles",
            "allow more memory, choose a smaller size, or layers before it",
        )
    rows, columns = before[0]
    for field in before[1:]:
        rows, columns = rows | field[0], columns | field[1]
    return rows, columns


def _repetition(
    node: onnx.NodeProto, field: ReceptiveField, scales: Mapping[str, onnx.TensorProto]
) -> tuple[int, int] | None:
    """Return how often a Resize repeats rows and columns; None where it does anything else."""
    name = node.input[2] if len(node.input) > 2 else ""
    nearest = attribute(node, "mode", "nearest") == "nearest"
    asymmetric = attribute(node, "coordinate_transformation_mode", "half_pixel") == "asymmetric"
    if name not in scales or not (nearest and asymmetric) or attribute(node, "nearest_mode", "") != "floor":
        return None
    factors = onnx.numpy_helper.to_array(scales[name])
    whole = (factors == np.floor(factors)).all() and (factors[:2] == 1).all() and (factors >= 1).all()
    fits = whole and all(axis.stride % factor == 0 for axis, factor in zip(field, factors[2:], strict=True))
    return (int(factors[2]), int(factors[3])) if fits else None


def _per_channel(node: onnx.NodeProto, name: str) -> bool:
    """Whether an input holds one number for each channel by the operator's definition."""
    return bool(node.op_type == "BatchNormalization" and name != node.input[0])


def _windowed(node: onnx.NodeProto, field: ReceptiveField, kernel: tuple[int, ...]) -> ReceptiveField:
    windows = Windows.of(node, kernel)
    axis_fields = []
    for axis, axis_field in enumerate(field):
        span, stride, begin = windows.span[axis], windows.strides[axis], windows.pads[axis]
        if windows.auto_pad == "NOTSET":
            axis_fields.append(axis_field.behind_window(span, stride, begin))
        else:  # the split of the padding depends on the size
            axis_fields.append(axis_field.behind_window(span, stride, 0, span - 1))
    return axis_fields[0], axis_fields[1]


def _padded(
    node: onnx.NodeProto, field: ReceptiveField, values: Mapping[str, onnx.TensorProto]
) -> ReceptiveField:
    """Return the field behind a Pad, whose border reads pixels inside the picture as its mode says."""
    pads = onnx.numpy_helper.to_array(values[node.input[1]]).reshape(2, -1)
    given = len(node.input) > 3 and node.input[3]
    both = np.zeros((2, 4), np.int64)
    both[:, onnx.numpy_helper.to_array(values[node.input[3]]) if given else range(4)] = pads
    distance = _COPY_DISTANCE[attribute(node, "mode", "constant")]
    rows, columns = (
        axis_field.behind_window(1 + distance * max(begin, 0), 1, begin, distance * max(end, 0))
        for axis_field, (begin, end) in zip(field, both.T[2:].tolist(), strict=True)
    )
    return rows, columns
