"""Half the multiplications: 3×3 convolutions by Winograd's minimal filtering, written into OpenVINO's graph.

F(4, 3) (Winograd 1980; Lavin & Gray 2016, "Fast algorithms for convolutional neural networks") gives
four neighbours in a row of a convolution with three taps from six products in place of twelve. Here it
is applied along the width, so that a 3×3 convolution becomes six 3×1 ones of a quarter of the width:

    y = Aᵀ [ (G w) ⊙ (Bᵀ x) ]

The columns of a picture are dealt out to four *phases*, column 4t + p to column t of phase p, that stand
one above the other in the batch: N×C×H×W becomes 4×C×H×W/4. Between two such convolutions everything
element by element works on phases as well as on columns, so that only the ends of a chain are converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx import scratch
from nst_onnx.runtime.devices import openvino

Array = npt.NDArray[np.float32]

_FEWEST_CHANNELS = 128  # with fewer, the transforms take longer than the products they save
_PHASES = 4

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


def by_winograd(model: Any) -> list[Array]:
    """Rewrite the convolutions of a model with static shapes (openvino.Model) that it makes faster.

    These have 3×3 kernels, fixed, with steps of 1 and a border of 1, many channels, and a width that is a
    multiple of four. Results differ by rounding only (about 1e-6 of the largest).

    Returns the transformed kernels. They are on disk, for a compiled model has its own copy in another
    layout: `nst_onnx.scratch.release` them then. Raises NstError where the disk is full.
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
        self._dealt: dict[tuple[str, int], Any] = {}  # made in columns, converted
        self._pointwise: dict[str, Callable[..., Any]] = {
            "Relu": self._ops.relu,
            "Add": self._ops.add,
            "Multiply": self._ops.multiply,
            "Greater": self._ops.greater,
            "Select": self._ops.select,
        }

    def run(self) -> None:
        """Build everything in phases that can be, then lead what cannot be back to columns."""
        rewritten = {}
        for node in self._model.get_ordered_ops():
            if (phased := self._convolution(node) or self._elementwise(node)) is not None:
                self._phased[_key(node.output(0))] = phased
                rewritten[node.get_name()] = node
        for name, node in rewritten.items():
            old = node.output(0)
            others = [use for use in old.get_target_inputs() if use.get_node().get_name() not in rewritten]
            if others:
                columns = self._columns(self._phased[name, 0], _shape(old))
                for use in others:
                    use.replace_source_output(columns)

    def _convolution(self, node: Any) -> Any:
        """Return what a convolution gives, in phases; None for one that is left as it is."""
        if node.get_type_name() != "Convolution":
            return None
        x, kernel = node.input_value(0), node.input_value(1).get_node()
        about = node.get_attributes()
        plain = about["strides"] == [1, 1] == about["dilations"] and about["auto_pad"] == "explicit"
        bordered = about["pads_begin"] == [1, 1] == about["pads_end"]
        if not (plain and bordered and kernel.get_type_name() == "Constant" and _dealable(x)):
            return None
        if (shape := _shape(node.input_value(1)))[2:] != [3, 3] or min(shape[:2]) < _FEWEST_CHANNELS:
            return None
        taps = scratch.empty((len(_G), *shape[:3], 1), on_disk=True)
        taps[:] = np.moveaxis(np.matmul(kernel.data, _G.T), -1, 0)[..., None]
        self.kernels.append(taps)
        return self._filtered(self._in_phases(x), taps)

    def _filtered(self, x: Any, taps: Array) -> Any:
        """Return the convolution of a tensor in phases with kernels 6×K×C×3×1, both in phases."""
        ops = self._ops
        phases = ops.split(x, ops.constant(np.int64(0)), _PHASES).outputs()
        before, after = self._shifted(phases[3], 1), self._shifted(phases[0], -1)  # columns 4t − 1, 4t + 4
        seen = self._mixed(_B, [before, *phases, after])
        products = [
            ops.convolution(u, ops.constant(kernel, shared_memory=True), [1, 1], [1, 0], [1, 0], [1, 1])
            for u, kernel in zip(seen, taps, strict=True)
        ]
        return ops.concat(self._mixed(_A, products), 0).output(0)

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
        inputs = [_unspread(node.input_value(i)) for i in range(node.get_input_size())]
        if not any(_key(x) in self._phased for x in inputs):
            return None
        whole = [_shape(x) == _shape(result) for x in inputs]
        if any(not w and (_shape(x) or [1])[-1] != 1 for w, x in zip(whole, inputs, strict=True)):
            return None
        return make(*(self._in_phases(x) if w else x for w, x in zip(whole, inputs, strict=True))).output(0)

    def _in_phases(self, tensor: Any) -> Any:
        """Return a tensor in phases: as it was made, or converted."""
        key = _key(tensor)
        if key in self._phased:
            return self._phased[key]
        if key not in self._dealt:
            # Not by slices: OpenVINO would keep a table with the place of every number for each.
            ops, (_, channels, height, width) = self._ops, _shape(tensor)
            last = ops.transpose(tensor, self._numbers(0, 2, 3, 1))
            split = self._numbers(height, width // _PHASES, _PHASES, channels)
            dealt = ops.transpose(ops.reshape(last, split, special_zero=False), self._numbers(2, 0, 1, 3))
            self._dealt[key] = ops.transpose(dealt, self._numbers(0, 3, 1, 2)).output(0)
        return self._dealt[key]

    def _columns(self, phased: Any, shape: list[int]) -> Any:
        """Return a tensor in phases as columns again, moving whole rows of channels."""
        ops = self._ops
        last = ops.transpose(phased, self._numbers(0, 2, 3, 1))
        dealt = ops.transpose(last, self._numbers(1, 2, 0, 3))
        joined = ops.reshape(dealt, self._numbers(1, shape[2], shape[3], shape[1]), special_zero=False)
        return ops.transpose(joined, self._numbers(0, 3, 1, 2)).output(0)

    def _shifted(self, tensor: Any, by: int) -> Any:
        """Return a tensor with its columns moved to the right, zeros coming in and the last going out."""
        begin, end = self._numbers(0, 0, 0, by), self._numbers(0, 0, 0, -by)
        return self._ops.pad(tensor, begin, end, "constant", self._ops.constant(np.float32(0)))

    def _numbers(self, *values: int) -> Any:
        return self._ops.constant(np.array(values, np.int64))


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
