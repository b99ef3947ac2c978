"""Reader of baraldilorenzo's VGG-16 and VGG-19 gists: Keras 1, numbered layers, Theano kernels."""

from __future__ import annotations

import re
from pathlib import Path

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import hdf5
from nst_onnx.models.weights import by_order

_LAYER = re.compile(r"layer_(\d+)")


def sniff(path: Path) -> bool:
    """Return whether the file is HDF5 with numbered layers."""
    import h5py

    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        return "layer_0" in list(file)  # names only: `in file` follows external links


def read(path: Path) -> StoredWeights:
    """Read ``layer_1/param_0`` (O×I×H×W, rotated by 180°) and ``layer_1/param_1`` …

    Convolutions are those whose param_0 has four axes; padding, pooling and dense layers are skipped.
    Raises ModelError where there is none, and what `hdf5.opened` raises.
    """
    pairs = []
    with hdf5.opened(path) as file:
        for number in sorted(int(m[1]) for name in file if (m := _LAYER.fullmatch(name))):
            group = file[f"layer_{number}"]
            if "param_0" in group and len(group["param_0"].shape) == 4:
                if "param_1" not in group:
                    raise ModelError(f"layer_{number} has no bias (param_1)")
                pairs.append((group["param_0"][...], group["param_1"][...]))
    if not pairs:
        raise ModelError("it has no VGG weights: no numbered layer is a convolution")
    return StoredWeights(by_order(pairs), "OIHW", CAFFE, "Keras 1 with Theano kernels", rotated=True)
