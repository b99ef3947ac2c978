"""A graph whose convolutions are computed in half precision (float16), for devices that are quicker at that.

Sums inside a convolution are float32 where the device adds so (cuDNN does); what goes in and comes out has
11 bits. Pictures, their gradients, and all that losses compare stay in float32. So do gradients' sizes, for
float16 ends at 6·10⁻⁸: `nst_onnx.losses.scale` brings them there.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import TensorProto, helper

_CONVOLUTIONS = {"Conv", "ConvTranspose"}
_FEWEST_CHANNELS = 4  # of a convolution in half precision: with three, it is the picture that goes in or out
_EVERY = range(1 << 10)
_FOLLOWING = {
    "Relu": _EVERY,
    "MaxPool": _EVERY,
    "AveragePool": _EVERY,
    "GlobalAveragePool": _EVERY,
    "Sum": _EVERY,
    "Add": _EVERY,
    "Mul": _EVERY,
    "Greater": _EVERY,
    "Where": range(1, 3),
    "Pad": range(0, 3, 2),
    "Resize": range(1),
    "Slice": range(1),
    "Identity": range(1),
}
"""What stays in half precision where a convolution's result comes in, and which of its inputs are numbers."""
_TRUTHS = {"Greater"}  # their results are no numbers
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
                self._half.update(old.output)
                for i, name in enumerate(old.output):
                    if name in outputs:  # of the model, which stay float32
                        node.output[i] = self._casts[name, TensorProto.FLOAT16] = f"{name}/float16"
            yield node
            for name in outputs & set(old.output) & self._half:
                self._half.discard(name)
                yield helper.make_node("Cast", [f"{name}/float16"], [name], to=TensorProto.FLOAT)

    def _numbers(self, node: onnx.NodeProto) -> range:
        """Return which inputs of a node become float16; none where it stays as it is."""
        if node.op_type in _CONVOLUTIONS:
            channels = self._shapes.get(node.input[1], ())[:2]
            return _EVERY if channels and min(channels) >= _FEWEST_CHANNELS else range(0)
        found = _FOLLOWING.get(node.op_type, range(0))
        return (
            found if any(name in self._half for i, name in enumerate(node.input) if i in found) else range(0)
        )

    def _cast(self, name: str, to: int) -> Iterator[onnx.NodeProto]:
        """Yield what casts a tensor, once."""
        if (name, to) not in self._casts:
            self._casts[name, to] = f"{name}/{TensorProto.DataType.Name(to).lower()}"
            yield helper.make_node("Cast", [name], [self._casts[name, to]], to=to)
