"""Winograd convolutions: half the multiplications of 3×3 convolutions, as a pass over OpenVINO's graph.

F(4, 3) (Winograd 1980; Lavin & Gray 2016, "Fast algorithms for convolutional neural networks") computes
four neighbouring outputs of a convolution with three taps by six products instead of twelve. Here it
is applied along the width, so that a 3×3 convolution becomes six 3×1 convolutions of a quarter of the width:

    y = Aᵀ [ (G w) ⊙ (Bᵀ x) ]

Between two such convolutions tensors stay in phases (`nst_onnx.runtime.openvino.phases`): elementwise
operators work on phases as on columns, and so do Gram matrices, which are sums over positions in any order.
Only both ends of a chain are converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nst_onnx.runtime.devices import openvino
from nst_onnx.runtime.openvino.phases import (
    PHASES,
    TO_CHANNELS_FIRST,
    divides,
    features_behind,
    int64,
    key,
    phased_shape,
    rows_behind,
    shape_of,
    shifted,
    to_columns,
    to_features,
    to_phased_rows,
    to_rows,
)
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

if TYPE_CHECKING:
    import openvino as ov

_FEWEST_CHANNELS = 128  # with fewer, the transforms take longer than the products they save

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
"""Bᵀ, the input transform of six columns."""
_G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32)
_G /= 24
"""G, the kernel transform from three taps to six."""
_A = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32
)
"""Aᵀ, the output transform from six products to four columns."""


def apply_winograd(model: ov.Model) -> list[Array]:
    """Rewrite the convolutions of a model with static shapes (ov.Model) that are faster so, in place.

    These have constant 3×3 kernels, stride 1, padding 1, at least 128 channels, and a width that is a
    multiple of four. Results differ by rounding only (about 1e-6 of the largest).

    Returns the transformed kernels. They are on disk, because a compiled model has its own copy in another
    layout: `nst_onnx.support.disk_arrays.release` them afterwards. Raises NstError where the disk is full.
    """
    rewriting = _WinogradPass(model)
    rewriting.run()
    return rewriting.kernels


class _WinogradPass:
    """One pass over a model. Tensors are in columns, 1×C×H×W, in phases, or both."""

    def __init__(self, model: ov.Model) -> None:
        self._model = model
        self._ops = openvino().opset13
        self.kernels: list[Array] = []
        self._phased: dict[tuple[str, int], Any] = {}  # tensors computed in phases
        self._converted: dict[tuple[str, int], Any] = {}  # tensors in columns, as rows in phases
        self._required: set[tuple[str, int]] = set()  # inputs of convolutions, and what they depend on
        self._elementwise_ops: dict[str, Callable[..., Any]] = {
            "Relu": self._ops.relu,
            "Add": self._ops.add,
            "Multiply": self._ops.multiply,
            "Greater": self._ops.greater,
            "Select": self._ops.select,
        }

    def run(self) -> None:
        """Compute in phases whatever can be, then convert to columns where other operators require them."""
        nodes = self._model.get_ordered_ops()
        for node in reversed(nodes):
            self._note_required(node)
        rewritten = {}
        for node in nodes:
            self._gram_matrix(node)
            phased = self._convolution(node) or self._elementwise(node) or self._gram_gradient(node)
            if phased is not None:
                self._phased[key(node.output(0))] = phased
                rewritten[node.get_name()] = node
        for name, node in rewritten.items():
            old = node.output(0)
            others = [use for use in old.get_target_inputs() if use.get_node().get_name() not in rewritten]
            if others:
                columns = to_columns(self._phased[name, 0], shape_of(old))
                for use in others:
                    use.replace_source_output(columns)
        for node in self._model.get_ordered_ops():
            self._merge_sum(node)

    def _note_required(self, node: ov.Node) -> None:
        """Note which tensors are required in phases."""
        if _is_eligible(node):
            self._required.add(key(node.input_value(0)))
        elif node.get_type_name() in self._elementwise_ops and key(node.output(0)) in self._required:
            self._required.update(key(x) for x in node.input_values())

    def _convolution(self, node: ov.Node) -> ov.Output:
        """Return a convolution's result in phases; None for one that is not rewritten."""
        if not _is_eligible(node):
            return None
        ops, kernel, shape = self._ops, node.input_value(1).get_node(), shape_of(node.input_value(1))
        taps = disk_arrays.empty((len(_G), *shape[:3], 1), on_disk=True)
        taps[:] = np.moveaxis(np.matmul(kernel.data, _G.T), -1, 0)[..., None]
        self.kernels.append(taps)
        products = [
            ops.convolution(u, ops.constant(kernel, shared_memory=True), [1, 1], [1, 0], [1, 0], [1, 1])
            for u, kernel in zip(self._transformed_input(node.input_value(0)), taps, strict=True)
        ]
        return ops.concat(self._transformed(_A, products), 0).output(0)

    def _transformed_input(self, x: ov.Output) -> list[ov.Output]:
        """Return Bᵀ x, six tensors 1×C×H×W/4."""
        ops, phased = self._ops, self._phased.get(key(x))
        if phased is None:  # just converted, to positions × channels: transforming these rows is cheaper
            _, channels, height, width = shape_of(x)
            shape = int64(PHASES, height, width // PHASES, channels)
            phased, along = ops.reshape(self._converted_rows(x), shape, False), 2
        else:
            along = 3
        phases = ops.split(phased, ops.constant(np.int64(0)), PHASES).outputs()
        before, after = shifted(phases[3], 1, along), shifted(phases[0], -1, along)
        found = self._transformed(_B, [before, *phases, after])  # columns 4t − 1, 4t … 4t + 3, 4t + 4
        return found if along == 3 else [ops.transpose(u, int64(*TO_CHANNELS_FIRST)) for u in found]

    def _transformed(self, matrix: Array, tensors: list[ov.Output]) -> list[ov.Output]:
        """Return the matrix times a column of tensors, omitting factors of 0 and 1."""
        ops, rows = self._ops, []
        for row in matrix:
            total = None
            for factor, tensor in zip(row, tensors, strict=True):
                if factor:
                    term = tensor if factor == 1 else ops.multiply(tensor, ops.constant(factor))
                    total = term if total is None else ops.add(total, term)
            rows.append(total)
        return rows

    def _elementwise(self, node: ov.Node) -> ov.Output:
        """Return an elementwise operator's result in phases; None for one that is not rewritten."""
        make = self._elementwise_ops.get(node.get_type_name())
        result = node.output(0)
        if make is None or not result.get_partial_shape().is_static:
            return None
        inputs = [_scalar_source(x) for x in node.input_values()]
        whole = [shape_of(x) == shape_of(result) for x in inputs]
        if any(not w and (shape_of(x) or [1])[-1] != 1 for w, x in zip(whole, inputs, strict=True)):
            return None
        phased = [key(x) in self._phased for w, x in zip(whole, inputs, strict=True) if w]
        if not (any(phased) if key(result) in self._required else phased and all(phased)):
            return None
        return make(*(self._in_phases(x) if w else x for w, x in zip(whole, inputs, strict=True))).output(0)

    def _gram_matrix(self, node: ov.Node) -> None:
        """Compute a Gram matrix, XᵀX of positions × channels, from positions in the order of phases."""
        if node.get_type_name() == "MatMul" and key(node.input_value(0)) == key(node.input_value(1)):
            attributes = node.get_attributes()
            source = self._phases_behind(node.input_value(0))
            if source is not None and attributes["transpose_a"] and not attributes["transpose_b"]:
                rows = to_rows(source)
                for use in node.inputs():
                    use.replace_source_output(rows)

    def _gram_gradient(self, node: ov.Node) -> ov.Output:
        """Return a Gram matrix's gradient, X M as features, in phases; None for any other node."""
        product = rows_behind(node)
        if product is None or product.get_node().get_type_name() != "MatMul":
            return None
        attributes, (x, m) = product.get_node().get_attributes(), product.get_node().input_values()
        source, channels = self._phases_behind(x), shape_of(product)[1]
        square = m.get_partial_shape().is_static and shape_of(m) == [channels, channels]
        if source is None or attributes["transpose_a"] or attributes["transpose_b"] or not square:
            return None
        phases = phased_shape(node.output(0))
        if shape_of(source) != [PHASES, channels, *phases[2:]]:
            return None
        return to_features(self._ops.matmul(to_rows(source), m, False, False), shape_of(source))

    def _merge_sum(self, node: ov.Node) -> None:
        """Add two matrices of positions × channels before they become features: one conversion, not two."""
        if node.get_type_name() == "Add":
            a, b = (rows_behind(x.get_node()) for x in node.input_values())
            shapes = [shape_of(x) for x in node.input_values()] if a is not None and b is not None else []
            if shapes and shapes[0] == shapes[1]:
                features = to_features(self._ops.add(a, b), shapes[0])
                for use in node.output(0).get_target_inputs():
                    use.replace_source_output(features)

    def _phases_behind(self, rows: ov.Output) -> ov.Output:
        """Return the phases of the features that a matrix is a view of; None where there are none."""
        features = features_behind(rows)
        return None if features is None else self._phased.get(key(features))

    def _in_phases(self, tensor: ov.Output) -> ov.Output:
        """Return a tensor in phases, converting it if it is in columns."""
        if key(tensor) in self._phased:
            return self._phased[key(tensor)]
        return to_features(self._converted_rows(tensor), phased_shape(tensor))

    def _converted_rows(self, tensor: ov.Output) -> ov.Output:
        """Return a tensor in columns as rows in phases, converted once."""
        if key(tensor) not in self._converted:
            self._converted[key(tensor)] = to_phased_rows(tensor)
        return self._converted[key(tensor)]


def _is_eligible(node: ov.Node) -> bool:
    """Whether a node is a convolution that is faster by Winograd's algorithm."""
    if node.get_type_name() != "Convolution":
        return False
    attributes, kernel = node.get_attributes(), node.input_value(1)
    unit = attributes["strides"] == [1, 1] == attributes["dilations"] and attributes["auto_pad"] == "explicit"
    padded = attributes["pads_begin"] == [1, 1] == attributes["pads_end"]
    constant = kernel.get_node().get_type_name() == "Constant"
    if not (unit and padded and constant and divides(node.input_value(0))):
        return False
    shape = shape_of(kernel)
    return shape[2:] == [3, 3] and min(shape[:2]) >= _FEWEST_CHANNELS


def _scalar_source(output: ov.Output) -> ov.Output:
    """Return the scalar that a tensor broadcasts, or the tensor itself where it is no broadcast scalar."""
    node = output.get_node()
    if node.get_type_name() == "Broadcast" and node.input_value(0).get_partial_shape().is_static:
        source = node.input_value(0)
        return source if int(np.prod(shape_of(source))) == 1 else output
    return output
