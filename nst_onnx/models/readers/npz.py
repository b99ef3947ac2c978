"""Reader of NumPy's .npz: kernels and biases as arrays, under VGG's or torch's names."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import size_limit, torch_names

_KERNEL = ("/kernel", "_W", "/W", "/weights", "/kernel:0")
_BIAS = ("/bias", "_b", "/b", "/biases", "/bias:0")


def sniff(path: Path) -> bool:
    """Return whether the file is a zip of .npy members."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(".npy") for name in archive.namelist())


def read(path: Path) -> StoredWeights:
    """Read ``conv1_1/kernel`` and ``conv1_1/bias`` (or ``conv1_1_W``, ``conv1_1_b``), or torch's names."""
    with zipfile.ZipFile(path) as members:
        size_limit.check_zip(members)
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if not name.startswith("fc")}
    if any(name.endswith(".weight") for name in arrays):
        return torch_names.stored(arrays, "npz with torch's names")
    from nst_onnx.models.layer_names import canonical

    kernels = {canonical(k.removesuffix(s)): a for k, a in arrays.items() for s in _KERNEL if k.endswith(s)}
    biases = {canonical(k.removesuffix(s)): a for k, a in arrays.items() for s in _BIAS if k.endswith(s)}
    if not kernels:
        raise ModelError(
            f"{path.name} has no VGG weights: no array is named like conv1_1/kernel",
            f"it has {', '.join(list(arrays)[:6]) or 'no arrays'}",
        )
    lacking = [name for name in kernels if name not in biases]
    if lacking:
        raise ModelError(f"{path.name} has no bias for {', '.join(lacking)}")
    layers = {name: (kernel, biases[name]) for name, kernel in kernels.items()}
    return StoredWeights(layers, "HWIO", CAFFE, "npz")
