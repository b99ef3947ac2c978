"""Reader of a dictionary in NumPy's .npy, as machrisaa's tensorflow-vgg stores VGG: name → [kernel, bias].

Such a file contains a pickle, and a pickle can call anything: the unpickler here makes arrays only, and
refuses everything else.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import pickle_memo, size_limit
from nst_onnx.support.arguments import shown

_MAGIC = b"\x93NUMPY"
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMBERS = re.compile(r"[fiub]\d+|O\d*|[SU]\d+")


def sniff(path: Path) -> bool:
    """Return whether the file is NumPy's."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read(path: Path) -> StoredWeights:
    """Read kernels H×W×I×O for BGR in 0..255, and biases."""
    size_limit.check_total([path.stat().st_size])
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        header = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = header(file)
        if dtype.kind != "O":
            raise ModelError(
                f"{path.name} is one NumPy array of shape {shape}, not a dictionary of weights",
                "save the weights of all layers with np.savez, as conv1_1/kernel, conv1_1/bias and so on",
            )
        content = _Unpickler(file, encoding="latin1").load()
    content = _plain(content)
    if isinstance(content, list) and len(content) == 1:
        content = _plain(content[0])
    layers = {}
    for name, pair in content.items() if isinstance(content, Mapping) else ():
        pair = _plain(pair)
        arrays = [_plain(v) for v in (pair.values() if isinstance(pair, Mapping) else pair)]
        if canonical(str(name)).startswith("conv") and len(arrays) == 2:
            kernel, bias = sorted(map(np.asarray, arrays), key=np.ndim, reverse=True)
            layers[canonical(str(name))] = kernel, bias
    if not layers:
        raise ModelError(
            f"{path.name} is a NumPy file without VGG weights",
            "it needs a dictionary from conv1_1 and so on to kernel and bias",
        )
    return StoredWeights(layers, "HWIO", CAFFE, "npy")


# Stands for numpy.ndarray, which pickles only name to `_reconstruct`: called, it would allocate any size.
_ARRAY_CLASS = object()


class _Unpickler(pickle.Unpickler):
    """Unpickler of arrays and containers of them; refuses every other class and function."""

    def __init__(self, file: IO[bytes], *, encoding: str) -> None:
        pickle_memo.check(file)
        super().__init__(file, encoding=encoding)

    def find_class(self, module: str, name: str) -> object:
        if module in _ARRAY_MODULES and name == "_reconstruct":
            return _reconstruct
        if (module, name) == ("numpy", "ndarray"):
            return _ARRAY_CLASS
        if (module, name) == ("numpy", "dtype"):
            return _Dtype
        if (module, name) == ("_codecs", "encode"):  # how pickles of Python 2 hold bytes
            return _encode
        raise ModelError(
            f"its pickle refers to {shown(f'{module}.{name}')}, which a weight file does not need",
            "save the weights with np.savez, as conv1_1/kernel, conv1_1/bias and so on",
        )


class _Dtype:
    """A dtype without fields: NumPy's `__setstate__` takes any offsets of fields, and reads behind arrays."""

    def __init__(self, text: str, *_: object) -> None:
        if not _NUMBERS.fullmatch(text):
            raise pickle.UnpicklingError(f"arrays of type {text!r} are no weights")
        self.numpy = np.dtype(text)

    def __setstate__(self, state: tuple[object, Literal["=", "<", ">", "|"]]) -> None:
        """Take the byte order of NumPy's state: version, byte order, and what the name says already."""
        self.numpy = self.numpy.newbyteorder(state[1])


class _Array:
    """An array, from exactly the bytes or objects that are stored for its shape.

    NumPy's own `__setstate__` reads on behind a list that is shorter than the shape says.
    """

    def __init__(self) -> None:
        self.value: npt.NDArray[np.generic] | list[object] = []

    def __setstate__(self, state: tuple[object, tuple[int, ...], _Dtype, bool, object]) -> None:
        """Take NumPy's state: version, shape, dtype, whether the first axis is innermost, content."""
        _, shape, dtype, fortran, content = state
        if isinstance(content, str):  # of Python 2
            content = content.encode("latin1")
        if isinstance(content, bytes) and dtype.numpy.kind != "O":
            self.value = np.frombuffer(content, dtype.numpy).reshape(shape, order="F" if fortran else "C")
        elif isinstance(content, list) and len(content) == math.prod(shape):
            self.value = content
        else:
            raise pickle.UnpicklingError("the content of an array has another length than its shape")


def _plain(value: object) -> Any:
    """Return an array's content: NumPy's array, or a list of objects; and anything else as it is."""
    return value.value if isinstance(value, _Array) else value


def _reconstruct(subtype: object, shape: object, dtype: object) -> _Array:
    """Return an empty array, whatever size a damaged file asks for: the pickle sets it afterwards."""
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError("bytes are not stored as by NumPy")
    return text.encode("latin1")
