"""Phase layout of features in OpenVINO's graphs: column 4t + p of N×C×H×W is column t of phase p, 4×C×H×W/4.

OpenVINO's features are N×H×W×C in memory. Conversions go through a matrix of N·H·W positions × C channels, of
which whole rows are moved, once. OpenVINO would merge two consecutive Transpose nodes into one that it
executes element by element; slices would make it store a table with the address of every element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nst_onnx.runtime.devices import openvino

if TYPE_CHECKING:
    import openvino as ov

PHASES = 4
TO_CHANNELS_LAST, TO_CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def key(output: ov.Output) -> tuple[str, int]:
    """Return what identifies a tensor: its node's name and the output's index."""
    return output.get_node().get_name(), output.get_index()


def shape_of(output: ov.Output) -> list[int]:
    """Return the static shape of a tensor."""
    return list(output.get_shape())


def int64(*values: int) -> ov.Output:
    """Return a constant vector."""
    return openvino().opset13.constant(np.array(values, np.int64))


def divides(output: ov.Output) -> bool:
    """Whether a tensor is the features of one picture with a width divisible into phases."""
    if not output.get_partial_shape().is_static:
        return False
    shape = shape_of(output)
    return shape[0] == 1 and shape[3] % PHASES == 0 and shape[3] >= 2 * PHASES


def phased_shape(output: ov.Output) -> list[int]:
    """Return the shape of features 1×C×H×W in phases."""
    _, channels, height, width = shape_of(output)
    return [PHASES, channels, height, width // PHASES]


def to_rows(features: ov.Output) -> ov.Output:
    """Return features N×C×H×W as a matrix of N·H·W positions × C channels: no copy, channels being last."""
    ops = openvino().opset13
    n, channels, height, width = shape_of(features)
    shape = [n * height * width, channels]
    for use in features.get_target_inputs():  # reuse an existing view: two views would cost two copies
        if is_transpose(use.get_node(), TO_CHANNELS_LAST):
            consumers = (consumer.get_node() for consumer in use.get_node().output(0).get_target_inputs())
            views = [node.output(0) for node in consumers if node.get_type_name() == "Reshape"]
            for matrix in views:
                if matrix.get_partial_shape().is_static and shape_of(matrix) == shape:
                    return matrix
    last = ops.transpose(features, int64(*TO_CHANNELS_LAST))
    return ops.reshape(last, int64(*shape), False).output(0)


def to_features(rows: ov.Output, shape: list[int]) -> ov.Output:
    """Return a matrix of positions × channels as features of `shape`, N×C×H×W."""
    ops = openvino().opset13
    n, channels, height, width = shape
    last = ops.reshape(rows, int64(n, height, width, channels), False)
    return ops.transpose(last, int64(*TO_CHANNELS_FIRST)).output(0)


def to_phased_rows(columns: ov.Output) -> ov.Output:
    """Return features 1×C×H×W in phases, as a matrix of positions × channels."""
    _, _, height, width = shape_of(columns)
    return _transposed_rows(to_rows(columns), width // PHASES * height, PHASES)


def to_columns(phased: ov.Output, shape: list[int]) -> ov.Output:
    """Return features in phases as features 1×C×H×W of `shape`."""
    positions = shape[2] * shape[3]
    return to_features(_transposed_rows(to_rows(phased), PHASES, positions // PHASES), shape)


def _transposed_rows(rows: ov.Output, m: int, n: int) -> ov.Output:
    """Return row i n + j as row j m + i, for all i < m and j < n."""
    ops, channels = openvino().opset13, shape_of(rows)[1]
    moved = ops.transpose(ops.reshape(rows, int64(m, n, channels), False), int64(1, 0, 2))
    return ops.reshape(moved, int64(m * n, channels), False).output(0)


def shifted(tensor: ov.Output, by: int, axis: int) -> ov.Output:
    """Return a tensor shifted along one of four axes, filled with zeros."""
    ops, begin = openvino().opset13, np.where(np.arange(4) == axis, by, 0)
    return ops.pad(tensor, int64(*begin), int64(*-begin), "constant", ops.constant(np.float32(0)))


def is_transpose(node: ov.Node, order: list[int]) -> bool:
    """Whether a node permutes the four axes in this order."""
    if node.get_type_name() != "Transpose":
        return False
    axes = node.input_value(1).get_node()
    return bool(axes.get_type_name() == "Constant" and axes.data.tolist() == order)


def rows_behind(node: ov.Node) -> ov.Output:
    """Return the matrix of positions × channels that a node converts to features 1×C×H×W; None for others."""
    if (
        not is_transpose(node, TO_CHANNELS_FIRST)
        or node.input_value(0).get_node().get_type_name() != "Reshape"
    ):
        return None
    rows, features = node.input_value(0).get_node().input_value(0), node.output(0)
    if not (rows.get_partial_shape().is_static and features.get_partial_shape().is_static):
        return None
    rows_shape, shape = shape_of(rows), shape_of(features)
    return rows if len(rows_shape) == 2 and rows_shape[1] == shape[1] and shape[0] == 1 else None


def features_behind(rows: ov.Output) -> ov.Output:
    """Return the features that a matrix of positions × channels is a view of; None for any other tensor."""
    reshape = rows.get_node()
    if reshape.get_type_name() != "Reshape" or not rows.get_partial_shape().is_static:
        return None
    last = reshape.input_value(0).get_node()
    if not is_transpose(last, TO_CHANNELS_LAST) or len(shape_of(rows)) != 2:
        return None
    return last.input_value(0) if shape_of(rows)[1] == shape_of(last.output(0))[3] else None
