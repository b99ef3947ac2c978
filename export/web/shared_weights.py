"""Weights of several models in one file: each once, as float16, rotated kernels computed from the others.

A graph with its gradient holds each kernel twice, as it is and rotated by 180° with its channel axes
exchanged. Here the second is computed from the first when a session is opened (runtimes fold constants), and
all models read the same file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.errors import ModelError

SMALLEST = 256
"""Numbers of a tensor from which on it is stored in the file."""
_ALIGNMENT = 4096  # bytes: what runtimes require to map a file
_LOWEST = np.iinfo(np.int64).min

Array = npt.NDArray[np.float32]


class SharedWeights:
    """A file of float16 weights, filled model by model. `name`: under which the models refer to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._data = bytearray()
        self._places: dict[bytes, tuple[int, int]] = {}

    @property
    def data(self) -> bytes:
        """The content of the file."""
        return bytes(self._data)

    def moved(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of a model that reads its large float32 weights from the file.

        Raises ModelError where a weight is not a float16 number: the copy would compute something else.
        """
        found = onnx.ModelProto()
        found.CopyFrom(model)
        graph = found.graph
        tensors = list(graph.initializer)
        nodes: list[onnx.NodeProto] = []
        names: dict[bytes, str] = {}
        del graph.initializer[:]
        large = {t.name: numpy_helper.to_array(t) for t in tensors if _is_large(t)}
        # Kernels that the network itself holds come first: the rotated ones are made from them.
        for tensor in sorted(tensors, key=lambda one: one.name.startswith("nst/")):
            if tensor.name not in large:
                graph.initializer.append(tensor)
                continue
            value = large[tensor.name]
            original = names.get(_rotated(value).tobytes()) if value.ndim == 4 else None
            if original is not None:
                nodes += _rotation(graph, original, tensor.name)
            else:
                graph.initializer.append(self._external(tensor.name, value))
                nodes.append(
                    helper.make_node("Cast", [_half(tensor.name)], [tensor.name], to=TensorProto.FLOAT)
                )
                names[np.ascontiguousarray(value).tobytes()] = tensor.name
        rest = list(graph.node)
        del graph.node[:]
        graph.node.extend([*nodes, *rest])
        return found

    def _external(self, name: str, value: Array) -> TensorProto:
        """Return a tensor that refers to its place in the file, where equal ones share one."""
        halves = value.astype(np.float16)
        if not np.array_equal(halves.astype(np.float32), value):
            raise ModelError(
                f"the weights {name} are not float16 numbers", "export a network stored with --half"
            )
        data = halves.tobytes()
        if data not in self._places:
            self._data += bytes(-len(self._data) % _ALIGNMENT)
            self._places[data] = len(self._data), len(data)
            self._data += data
        offset, length = self._places[data]
        tensor = TensorProto(name=_half(name), data_type=TensorProto.FLOAT16, dims=value.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, entry in (("location", self.name), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(entry))
        return tensor


def _is_large(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and int(np.prod(tensor.dims)) >= SMALLEST


def _half(name: str) -> str:
    return f"{name}/half"


def _rotated(kernel: Array) -> Array:
    return np.ascontiguousarray(np.flip(kernel, axis=(2, 3)).swapaxes(0, 1))


def _rotation(graph: onnx.GraphProto, kernel: str, name: str) -> list[onnx.NodeProto]:
    """Return the nodes that rotate a kernel by 180° and exchange its channel axes."""
    turned = f"{name}/turned"
    values = {"starts": [-1, -1], "ends": [_LOWEST, _LOWEST], "axes": [2, 3], "steps": [-1, -1]}
    for key, numbers in values.items():
        graph.initializer.append(numpy_helper.from_array(np.array(numbers, np.int64), f"{name}/{key}"))
    inputs = [kernel, *(f"{name}/{key}" for key in values)]
    return [
        helper.make_node("Slice", inputs, [turned]),
        helper.make_node("Transpose", [turned], [name], perm=[1, 0, 2, 3]),
    ]
