"""Reader of Keras' HDF5 files: Keras Applications, saved models, and Keras 3's ``.weights.h5``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import hdf5, keras_gist
from nst_onnx.models.weights import by_order

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_VGG = re.compile(r"block\d_conv\d|conv\d_\d")
_INDEXED = re.compile(r"conv2d(?:_(\d+))?")


def sniff(path: Path) -> bool:
    """Return whether the file is HDF5, and not baraldilorenzo's."""
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE and not keras_gist.sniff(path)


def read(path: Path) -> StoredWeights:
    """Read a Keras file with the dataset names of any version of Keras.

    Known spellings: ``block1_conv1/block1_conv1_W_1:0``, ``block1_conv1/block1_conv1/kernel:0`` (both
    also under ``model_weights/``), and Keras 3's ``layers/conv2d/vars/0``, which numbers the layers
    and, in its newer versions, names them in an attribute. Raises ModelError where no layer is VGG's, and
    what `hdf5.opened` raises.
    """
    with hdf5.opened(path) as file:
        return stored(file, "Keras HDF5")


def stored(file: h5py.File, layout: str) -> StoredWeights:
    """Return the weights in an open HDF5 file of Keras.

    A dataset belongs to the layer in its path; the one with four axes is the kernel, with one the bias.
    """
    arrays: dict[str, list[Any]] = {}

    def collect(path: str, item: Any) -> None:
        if hasattr(item, "shape") and not path.startswith("optimizer") and (layer := _layer(path, item)):
            arrays.setdefault(layer, []).append(item)

    file.visititems(collect)
    layers: dict[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]] = {}
    for layer, items in arrays.items():
        kernels = [item[...] for item in items if len(item.shape) == 4]
        biases = [item[...] for item in items if len(item.shape) == 1]
        if len(kernels) != 1 or len(biases) != 1:
            raise ModelError(
                f"{layer} needs one kernel and one bias; the file has {len(kernels)} and {len(biases)} for it"
            )
        layers[layer] = kernels[0], biases[0]
    if not layers:
        raise ModelError(
            "it has no VGG weights: no layer is named like block1_conv1",
            f"it has {', '.join(list(file)[:6]) or 'nothing'}",
        )
    if not any(_VGG.fullmatch(name) for name in layers):
        layers = by_order([layers[name] for name in sorted(layers, key=_index)])
    return StoredWeights({canonical(name): pair for name, pair in layers.items()}, "HWIO", CAFFE, layout)


def _layer(path: str, item: Any) -> str | None:
    """Return the layer name of a dataset, None where the layer is no convolution."""
    named = item.parent.attrs.get("name", b"")
    for part in (named.decode() if isinstance(named, bytes) else str(named), *path.split("/")):
        if _VGG.fullmatch(part):
            return part
    return next((part for part in path.split("/") if _INDEXED.fullmatch(part)), None)


def _index(name: str) -> int:
    match = _INDEXED.fullmatch(name)
    return int(match[1] or 0) if match else 0
