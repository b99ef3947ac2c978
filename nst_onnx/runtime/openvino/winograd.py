"""Half the multiplications: 3×3 convolutions by Winograd's minimal filtering, written into OpenVINO's graph.

F(4, 3) (Winograd 1980; Lavin & Gray 2016, "Fast algorithms for convolutional neural networks") gives
four neighbours in a row of a convolution with three taps from six products in place of twelve. Here it
is applied along the width, so that a 3×3 convolution becomes six 3×1 ones of a quarter of the width:

    y = Aᵀ [ (G w) ⊙ (Bᵀ x) ]

The columns of a picture are dealt out to four *phases*, column 4t + p to column t of phase p, that stand
one above the other in the batch: N×C×H×W becomes 4×C×H×W/4. Between two such convolutions everything
element by element works on phases as well as on columns, and so do Gram matrices, sums over positions in
whatever order: only the ends of a chain are converted.

OpenVINO keeps channels last. What is converted here is laid out as positions × channels, of which whole
rows are moved, once; two transpositions in a row would be joined to one that it does number by number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nst_onnx.runtime.devices import openvino
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

_FEWEST_CHANNELS = 128  # with fewer, the transforms take longer than the products they save
_PHASES = 4
_CHANNELS_LAST, _CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]

_B = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
"""Bᵀ, from six columns to what the kernels multiply."""
_G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32)
_G /= 24
"""G, from three taps to six."""
_A = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32
)
"""Aᵀ, from six products to four columns."""


def apply_winograd(model: Any) -> list[Array]:
    """Rewrite the convolutions of a model with static shapes (openvino.Model) that it makes faster.

    These have 3×3 kernels, fixed, with steps of 1 and a border of 1, many channels, and a width that is a
    multiple of four. Results differ by rounding only (about 1e-6 of the largest).

    Returns the transformed kernels. They are on disk, for a compiled model has its own copy in another
    layout: `nst_onnx.support.disk_arrays.release` them then. Raises NstError where the disk is full.
    """
    rewriting = _Rewriting(model)
    rewriting.run()
    return rewriting.kernels


class _Rewriting:
    """One pass over a model: what each tensor is in phases, where it is."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._ops = openvino().opset13
        self.kernels: list[Array] = []
        self._phased: dict[tuple[str, int], Any] = {}  # made in phases
        self._dealt: dict[tuple[str, int], Any] = {}  # made in columns, dealt out
        self._wanted: set[tuple[str, int]] = set()  # what a convolution reads, or leads to
        self._pointwise: dict[str, Callable[..., Any]] = {
            "Relu": self._ops.relu,
            "Add": self._ops.add,
            "Multiply": self._ops.multiply,
            "Greater": self._ops.greater,
            "Select": self._ops.select,
        }

    def run(self) -> None:
        """Build everything in phases that can be, then lead what cannot be back to columns."""
        nodes = self._model.get_ordered_ops()
        for node in reversed(nodes):
            self._look_ahead(node)
        rewritten = {}
        for node in nodes:
            self._sum_in_phases(node)
            made = self._convolution(node) or self._elementwise(node) or self._gram_gradient(node)
            if made is not None:
                self._phased[_key(node.output(0))] = made
                rewritten[node.get_name()] = node
        for name, node in rewritten.items():
            old = node.output(0)
            others = [use for use in old.get_target_inputs() if use.get_node().get_name() not in rewritten]
            if others:
                columns = self._columns(self._phased[name, 0], _shape(old))
                for use in others:
                    use.replace_source_output(columns)
        for node in self._model.get_ordered_ops():
            self._sum_of_positions(node)

    def _look_ahead(self, node: Any) -> None:
        """Note which tensors will be asked for in phases."""
        if _suits(node):
            self._wanted.add(_key(node.input_value(0)))
        elif node.get_type_name() in self._pointwise and _key(node.output(0)) in self._wanted:
            self._wanted.update(_key(x) for x in node.input_values())

    def _convolution(self, node: Any) -> Any:
        """Return what a convolution gives, in phases; None for one that is left as it is."""
        if not _suits(node):
            return None
        kernel = node.input_value(1).get_node()
        shape = _shape(node.input_value(1))
        taps = disk_arrays.empty((len(_G), *shape[:3], 1), on_disk=True)
        taps[:] = np.moveaxis(np.matmul(kernel.data, _G.T), -1, 0)[..., None]
        self.kernels.append(taps)
        return self._filtered(node.input_value(0), taps)

    def _filtered(self, x: Any, taps: Array) -> Any:
        """Return the convolution of a tensor with kernels 6×K×C×3×1, in phases."""
        ops = self._ops
        products = [
            ops.convolution(u, ops.constant(kernel, shared_memory=True), [1, 1], [1, 0], [1, 0], [1, 1])
            for u, kernel in zip(self._seen(x), taps, strict=True)
        ]
        return ops.concat(self._mixed(_A, products), 0).output(0)

    def _seen(self, x: Any) -> list[Any]:
        """Return Bᵀ x, six tensors 1×C×H×W/4."""
        ops, made = self._ops, self._phased.get(_key(x))
        if made is None:  # just dealt out, as positions × channels: better to stay there until the end
            _, channels, height, width = _shape(x)
            shape = self._numbers(_PHASES, height, width // _PHASES, channels)
            made, along = ops.reshape(self._dealt_out(x), shape, False), 2
        else:
            along = 3
        phases = ops.split(made, ops.constant(np.int64(0)), _PHASES).outputs()
        before, after = self._shifted(phases[3], 1, along), self._shifted(phases[0], -1, along)
        mixed = self._mixed(_B, [before, *phases, after])  # columns 4t − 1, 4t … 4t + 3, 4t + 4
        return mixed if along == 3 else [ops.transpose(u, self._numbers(*_CHANNELS_FIRST)) for u in mixed]

    def _mixed(self, matrix: Array, tensors: list[Any]) -> list[Any]:
        """Return the matrix times a column of tensors."""
        ops, rows = self._ops, []
        for row in matrix:
            total = None
            for factor, tensor in zip(row, tensors, strict=True):
                if factor:
                    term = tensor if factor == 1 else ops.multiply(tensor, ops.constant(factor))
                    total = term if total is None else ops.add(total, term)
            rows.append(total)
        return rows

    def _elementwise(self, node: Any) -> Any:
        """Return what an operator between phases gives, in phases; None for one that is left as it is."""
        make = self._pointwise.get(node.get_type_name())
        result = node.output(0)
        if make is None or not result.get_partial_shape().is_static:
            return None
        inputs = [_unspread(x) for x in node.input_values()]
        whole = [_shape(x) == _shape(result) for x in inputs]
        if any(not w and (_shape(x) or [1])[-1] != 1 for w, x in zip(whole, inputs, strict=True)):
            return None
        phased = [_key(x) in self._phased for w, x in zip(whole, inputs, strict=True) if w]
        if not (any(phased) if _key(result) in self._wanted else phased and all(phased)):
            return None
        return make(*(self._in_phases(x) if w else x for w, x in zip(whole, inputs, strict=True))).output(0)

    def _sum_in_phases(self, node: Any) -> None:
        """Let a Gram matrix, XᵀX of positions × channels, be summed over positions as they are."""
        if node.get_type_name() == "MatMul" and _key(node.input_value(0)) == _key(node.input_value(1)):
            about = node.get_attributes()
            source = self._phases_of(node.input_value(0))
            if source is not None and about["transpose_a"] and not about["transpose_b"]:
                rows = self._positions(source)
                for use in node.inputs():
                    use.replace_source_output(rows)

    def _gram_gradient(self, node: Any) -> Any:
        """Return the gradient by a Gram matrix, X M back as features, in phases; None for anything else."""
        product = _rows_of(node)
        if product is None or product.get_node().get_type_name() != "MatMul":
            return None
        about, (x, m) = product.get_node().get_attributes(), product.get_node().input_values()
        source, channels = self._phases_of(x), _shape(product)[1]
        square = m.get_partial_shape().is_static and _shape(m) == [channels, channels]
        if source is None or about["transpose_a"] or about["transpose_b"] or not square:
            return None
        height, width = _shape(node.output(0))[2:]
        phases = [_PHASES, channels, height, width // _PHASES]
        if _shape(source) != phases:
            return None
        rows = self._ops.matmul(self._positions(source), m, False, False)
        return self._features(rows, phases)

    def _sum_of_positions(self, node: Any) -> None:
        """Add up two matrices of positions × channels before they become features: one view, not two."""
        if node.get_type_name() == "Add":
            a, b = (_rows_of(x.get_node()) for x in node.input_values())
            shapes = [_shape(x) for x in node.input_values()] if a is not None and b is not None else []
            if shapes and shapes[0] == shapes[1]:
                features = self._features(self._ops.add(a, b), shapes[0])
                for use in node.output(0).get_target_inputs():
                    use.replace_source_output(features)

    def _phases_of(self, rows: Any) -> Any:
        """Return the phases that a matrix positions × channels was made of; None where there are none."""
        shaped = rows.get_node()
        if shaped.get_type_name() != "Reshape" or not rows.get_partial_shape().is_static:
            return None
        last = shaped.input_value(0).get_node()
        if not _exchanges(last, _CHANNELS_LAST) or len(_shape(rows)) != 2:
            return None
        same = _shape(rows)[1] == _shape(last.output(0))[3]
        return self._phased.get(_key(last.input_value(0))) if same else None

    def _in_phases(self, tensor: Any) -> Any:
        """Return a tensor in phases: as it was made, or converted."""
        key = _key(tensor)
        if key in self._phased:
            return self._phased[key]
        _, channels, height, width = _shape(tensor)
        return self._features(self._dealt_out(tensor), [_PHASES, channels, height, width // _PHASES])

    def _dealt_out(self, tensor: Any) -> Any:
        """Return a tensor that is in columns in phases, as a matrix of positions × channels."""
        key = _key(tensor)
        if key not in self._dealt:
            # Not by slices: OpenVINO would keep a table with the place of every number for each.
            _, _, height, width = _shape(tensor)
            self._dealt[key] = self._exchanged(self._positions(tensor), width // _PHASES * height, _PHASES)
        return self._dealt[key]

    def _columns(self, phased: Any, shape: list[int]) -> Any:
        """Return a tensor in phases as columns again."""
        positions = shape[2] * shape[3]
        return self._features(self._exchanged(self._positions(phased), _PHASES, positions // _PHASES), shape)

    def _exchanged(self, rows: Any, m: int, n: int) -> Any:
        """Return row i n + j as row j m + i, for all i < m and j < n."""
        ops, channels = self._ops, _shape(rows)[1]
        moved = ops.transpose(ops.reshape(rows, self._numbers(m, n, channels), False), self._numbers(1, 0, 2))
        return ops.reshape(moved, self._numbers(m * n, channels), False).output(0)

    def _positions(self, features: Any) -> Any:
        """Return N×C×H×W as a matrix of N H W positions × C channels: no copy where channels are last."""
        n, channels, height, width = _shape(features)
        shape = [n * height * width, channels]
        for use in features.get_target_inputs():  # by whoever has it already: two views cost two copies
            if _exchanges(use.get_node(), _CHANNELS_LAST):
                takers = (taker.get_node() for taker in use.get_node().output(0).get_target_inputs())
                made = [taker.output(0) for taker in takers if taker.get_type_name() == "Reshape"]
                for matrix in made:
                    if matrix.get_partial_shape().is_static and _shape(matrix) == shape:
                        return matrix
        last = self._ops.transpose(features, self._numbers(*_CHANNELS_LAST))
        return self._ops.reshape(last, self._numbers(*shape), False).output(0)

    def _features(self, rows: Any, shape: list[int]) -> Any:
        """Return such a matrix as N×C×H×W again."""
        n, channels, height, width = shape
        last = self._ops.reshape(rows, self._numbers(n, height, width, channels), False)
        return self._ops.transpose(last, self._numbers(*_CHANNELS_FIRST)).output(0)

    def _shifted(self, tensor: Any, by: int, axis: int) -> Any:
        """Return a tensor moved along an axis, zeros coming in and the last going out."""
        begin = np.where(np.arange(4) == axis, by, 0)
        zero = self._ops.constant(np.float32(0))
        return self._ops.pad(tensor, self._numbers(*begin), self._numbers(*-begin), "constant", zero)

    def _numbers(self, *values: int) -> Any:
        return self._ops.constant(np.array(values, np.int64))


def _suits(node: Any) -> bool:
    """Whether a convolution is one that is made faster."""
    if node.get_type_name() != "Convolution":
        return False
    about, kernel = node.get_attributes(), node.input_value(1)
    plain = about["strides"] == [1, 1] == about["dilations"] and about["auto_pad"] == "explicit"
    bordered = about["pads_begin"] == [1, 1] == about["pads_end"]
    fixed = kernel.get_node().get_type_name() == "Constant"
    if not (plain and bordered and fixed and _dealable(node.input_value(0))):
        return False
    shape = _shape(kernel)
    return shape[2:] == [3, 3] and min(shape[:2]) >= _FEWEST_CHANNELS


def _exchanges(node: Any, order: list[int]) -> bool:
    """Whether a node permutes the four axes in this way."""
    if node.get_type_name() != "Transpose":
        return False
    axes = node.input_value(1).get_node()
    return bool(axes.get_type_name() == "Constant" and axes.data.tolist() == order)


def _rows_of(node: Any) -> Any:
    """Return the matrix of positions × channels that a node makes features 1×C×H×W of; None for any other."""
    if not _exchanges(node, _CHANNELS_FIRST) or node.input_value(0).get_node().get_type_name() != "Reshape":
        return None
    rows, features = node.input_value(0).get_node().input_value(0), node.output(0)
    if not (rows.get_partial_shape().is_static and features.get_partial_shape().is_static):
        return None
    fits = len(_shape(rows)) == 2 and _shape(rows)[1] == _shape(features)[1] and _shape(features)[0] == 1
    return rows if fits else None


def _key(output: Any) -> tuple[str, int]:
    return output.get_node().get_name(), output.get_index()


def _shape(output: Any) -> list[int]:
    return list(output.get_shape())


def _unspread(output: Any) -> Any:
    """Return the number that has been spread out to a tensor, or the tensor if it is none such."""
    node = output.get_node()
    if node.get_type_name() == "Broadcast" and node.input_value(0).get_partial_shape().is_static:
        source = node.input_value(0)
        return source if int(np.prod(_shape(source))) == 1 else output
    return output


def _dealable(output: Any) -> bool:
    """Whether a tensor is one picture's features, of a width that can be dealt out evenly."""
    if not output.get_partial_shape().is_static:
        return False
    shape = _shape(output)
    return shape[0] == 1 and shape[3] % _PHASES == 0 and shape[3] >= 2 * _PHASES
