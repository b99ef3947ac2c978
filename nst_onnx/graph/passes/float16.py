"""A graph whose convolutions are computed in half precision (float16), for devices that are quicker at that.

Sums inside a convolution are float32 where the device adds so (cuDNN does); what goes in and comes out has
11 bits. Pictures, their gradients, and all that losses compare stay in float32. Gradients between the layers
are often too small for float16, which ends at 6·10⁻⁸: `nst_onnx.objective.loss_scaling` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from nst_onnx.graph import external_data

_CONVOLUTIONS = {"Conv", "ConvTranspose"}
_FEWEST_CHANNELS = 4  # of a convolution in half precision: with three, it is the picture that goes in or out
_SMALL = 1024  # numbers of a constant that is looked at
_EVERY = range(1 << 10)
_FOLLOWING = {
    "Relu": _EVERY,
    "MaxPool": _EVERY,
    "AveragePool": _EVERY,
    "GlobalAveragePool": _EVERY,
    "Sum": _EVERY,
    "Add": _EVERY,
    "Mul": _EVERY,
    "Div": _EVERY,
    "Greater": _EVERY,
    "Equal": _EVERY,
    "Where": range(1, 3),
    "Pad": range(0, 3, 2),
    "Resize": range(1),
    "Slice": range(1),
    "Identity": range(1),
}
"""What stays in half precision where a convolution's result comes in, and which of its inputs are numbers."""
_TRUTHS = {"Greater", "Equal"}  # their results are no numbers
_SHAPES = {"Shape", "Size"}  # do not look at numbers


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that does the same with convolutions, and what lies between them, in float16.

    Inputs and outputs of the model stay as they are.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.node[:]
    changed.graph.node.extend(_Halving(model.graph).nodes())
    return changed


class _Halving:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._shapes = {t.name: tuple(t.dims) for t in graph.initializer}
        self._half: set[str] = set()  # tensors that are float16
        self._casts: dict[tuple[str, int], str] = {}
        self._large = {t.name for t in graph.initializer if _is_large(t)}
        self._taken = {name for node in graph.node for name in node.output} | set(self._shapes)

    def nodes(self) -> Iterator[onnx.NodeProto]:
        """Yield the nodes, and the casts between them."""
        outputs = {output.name for output in self._graph.output}
        for old in self._graph.node:
            node = onnx.NodeProto()
            node.CopyFrom(old)
            numbers = self._numbers(old)
            for i, name in enumerate(old.input):
                wanted = TensorProto.FLOAT16 if i in numbers else TensorProto.FLOAT
                is_half = name in self._half
                if name and old.op_type not in _SHAPES and is_half != (wanted == TensorProto.FLOAT16):
                    yield from self._cast(name, wanted)
                    node.input[i] = self._casts[name, wanted]
            if numbers and old.op_type not in _TRUTHS:
                self._half.add(old.output[0])  # others are places, of a maximum
                if (name := old.output[0]) in outputs:  # of the model, which stay float32
                    node.output[0] = self._casts[name, TensorProto.FLOAT16] = self._named(name, "float16")
            yield node
            for name in outputs & set(old.output) & self._half:
                self._half.discard(name)
                half = self._casts[name, TensorProto.FLOAT16]
                yield helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT)

    def _numbers(self, node: onnx.NodeProto) -> range:
        """Return which inputs of a node become float16; none where it stays as it is."""
        if node.op_type in _CONVOLUTIONS:
            channels = self._shapes.get(node.input[1], ())[:2]
            return _EVERY if channels and min(channels) >= _FEWEST_CHANNELS else range(0)
        found = _FOLLOWING.get(node.op_type, range(0))
        numbers = {name for i, name in enumerate(node.input) if i in found}
        return found if numbers & self._half and not numbers & self._large else range(0)

    def _cast(self, name: str, to: int) -> Iterator[onnx.NodeProto]:
        """Yield what casts a tensor, once."""
        if (name, to) not in self._casts:
            self._casts[name, to] = self._named(name, TensorProto.DataType.Name(to).lower())
            yield helper.make_node("Cast", [name], [self._casts[name, to]], to=to)

    def _named(self, name: str, kind: str) -> str:
        """Return a name that is not taken."""
        found = f"{name}/{kind}"
        while found in self._taken:
            found += "_"
        self._taken.add(found)
        return found


def _is_large(constant: onnx.TensorProto) -> bool:
    """Whether a factor or summand does not fit into float16."""
    if constant.data_type != TensorProto.FLOAT or np.prod(constant.dims, dtype=np.int64) > _SMALL:
        return False
    return bool((np.abs(external_data.to_array(constant)) > np.finfo(np.float16).max).any())
