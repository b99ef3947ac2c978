"""Mixed precision: a graph pass that computes convolutions in half precision (float16).

Inputs and outputs of a convolution have 11 bits; it accumulates in float32 where the device does (cuDNN).
Pictures, their gradients and all tensors that losses compare stay in float32. Gradients between the layers
are often below 6·10⁻⁸, float16's smallest number: loss scaling (`nst_onnx.objective.loss_scaling`) prevents
that underflow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from nst_onnx.graph import external_data

_CONVOLUTIONS = {"Conv", "ConvTranspose"}
_FEWEST_CHANNELS = 4  # of a float16 convolution: with three, its input or output is the picture
_SMALL = 1024  # elements of a constant whose values are checked against the range of float16
_ALL_INPUTS = range(1 << 10)
_FOLLOWERS = {
    "Relu": _ALL_INPUTS,
    "MaxPool": _ALL_INPUTS,
    "AveragePool": _ALL_INPUTS,
    "GlobalAveragePool": _ALL_INPUTS,
    "Sum": _ALL_INPUTS,
    "Add": _ALL_INPUTS,
    "Mul": _ALL_INPUTS,
    "Div": _ALL_INPUTS,
    "Greater": _ALL_INPUTS,
    "Equal": _ALL_INPUTS,
    "Where": range(1, 3),
    "Pad": range(0, 3, 2),
    "Resize": range(1),
    "Slice": range(1),
    "Identity": range(1),
}
"""Operators that stay in float16 when an input is float16, and which of their inputs are cast."""
_COMPARISONS = {"Greater", "Equal"}  # their results are boolean
_SHAPES = {"Shape", "Size"}  # independent of the element type


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its convolutions, and the operators between them, in float16.

    Inputs and outputs of the model stay float32. A convolution with fewer than four channels does, too.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.node[:]
    changed.graph.node.extend(_Float16Pass(model.graph).nodes())
    return changed


class _Float16Pass:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._shapes = {t.name: tuple(t.dims) for t in graph.initializer}
        self._half: set[str] = set()  # tensors that are float16
        self._casts: dict[tuple[str, int], str] = {}
        self._large = {t.name for t in graph.initializer if _is_large(t)}
        self._taken = {name for node in graph.node for name in node.output} | set(self._shapes)

    def nodes(self) -> Iterator[onnx.NodeProto]:
        """Yield the nodes in their order, with the casts that they require."""
        outputs = {output.name for output in self._graph.output}
        for old in self._graph.node:
            node = onnx.NodeProto()
            node.CopyFrom(old)
            cast = self._cast_inputs(old)
            for i, name in enumerate(old.input):
                wanted = TensorProto.FLOAT16 if i in cast else TensorProto.FLOAT
                is_half = name in self._half
                if name and old.op_type not in _SHAPES and is_half != (wanted == TensorProto.FLOAT16):
                    yield from self._cast(name, wanted)
                    node.input[i] = self._casts[name, wanted]
            if cast and old.op_type not in _COMPARISONS:
                self._half.add(old.output[0])  # MaxPool's other output holds indices
                if (name := old.output[0]) in outputs:  # outputs of the model stay float32
                    node.output[0] = self._casts[name, TensorProto.FLOAT16] = self._named(name, "float16")
            yield node
            for name in outputs & set(old.output) & self._half:
                self._half.discard(name)
                half = self._casts[name, TensorProto.FLOAT16]
                yield helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT)

    def _cast_inputs(self, node: onnx.NodeProto) -> range:
        """Return the indices of the inputs that become float16; none where the node stays float32."""
        if node.op_type in _CONVOLUTIONS:
            channels = self._shapes.get(node.input[1], ())[:2]
            return _ALL_INPUTS if channels and min(channels) >= _FEWEST_CHANNELS else range(0)
        found = _FOLLOWERS.get(node.op_type, range(0))
        names = {name for i, name in enumerate(node.input) if i in found}
        return found if names & self._half and not names & self._large else range(0)

    def _cast(self, name: str, to: int) -> Iterator[onnx.NodeProto]:
        """Yield the Cast node of a tensor, once for each type."""
        if (name, to) not in self._casts:
            self._casts[name, to] = self._named(name, TensorProto.DataType.Name(to).lower())
            yield helper.make_node("Cast", [name], [self._casts[name, to]], to=to)

    def _named(self, name: str, suffix: str) -> str:
        """Return an unused name for a tensor."""
        found = f"{name}/{suffix}"
        while found in self._taken:
            found += "_"
        self._taken.add(found)
        return found


def _is_large(constant: onnx.TensorProto) -> bool:
    """Whether a scalar or small constant exceeds the range of float16."""
    if constant.data_type != TensorProto.FLOAT or np.prod(constant.dims, dtype=np.int64) > _SMALL:
        return False
    return bool((np.abs(external_data.array(constant)) > np.finfo(np.float16).max).any())
