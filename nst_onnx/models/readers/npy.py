"""Reader of a dictionary in NumPy's .npy, as machrisaa's tensorflow-vgg stores VGG: name → [kernel, bias].

Such a file contains a pickle, and a pickle can call anything: the unpickler here makes arrays only, and
refuses everything else.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import size_limit

_MAGIC = b"\x93NUMPY"
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


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
    while isinstance(content, np.ndarray) and content.dtype.kind == "O" and content.size == 1:
        content = content.reshape(-1)[0]
    layers = {}
    for name, pair in content.items() if isinstance(content, Mapping) else ():
        arrays = list(pair.values() if isinstance(pair, Mapping) else pair)
        if canonical(str(name)).startswith("conv") and len(arrays) == 2:
            kernel, bias = sorted(map(np.asarray, arrays), key=np.ndim, reverse=True)
            layers[canonical(str(name))] = kernel, bias
    if not layers:
        raise ModelError(
            f"{path.name} is a NumPy file without VGG weights",
            "it needs a dictionary from conv1_1 and so on to kernel and bias",
        )
    return StoredWeights(layers, "HWIO", CAFFE, "npy")


class _Unpickler(pickle.Unpickler):
    """Unpickler of arrays and containers of them; refuses every other class and function."""

    def __init__(self, file: IO[bytes], *, encoding: str) -> None:
        super().__init__(file, encoding=encoding)

    def find_class(self, module: str, name: str) -> object:
        if module in _ARRAY_MODULES and name == "_reconstruct":
            return _reconstruct
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if (module, name) == ("_codecs", "encode"):  # how pickles of Python 2 hold bytes
            return _encode
        raise ModelError(
            f"it asks to run {module}.{name}, which a weight file does not need",
            "save the weights with np.savez, as conv1_1/kernel, conv1_1/bias and so on",
        )


def _reconstruct(subtype: object, shape: object, dtype: object) -> npt.NDArray[np.generic]:
    """Return an empty array, whatever size a damaged file asks for: the pickle sets it afterwards."""
    return np.ndarray((0,), np.uint8)


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError("bytes are not stored as by NumPy")
    return text.encode("latin1")
