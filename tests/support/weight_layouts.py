"""Every layout of weight files that is read: the name of a file, and its maker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nst_onnx.models.weights import Weights
from support import caffe_files, weight_files
from support.weight_files import Network, torch_state

LAYOUTS: dict[str, tuple[str, Callable[[Path, Network], Path]]] = {
    "npz": ("net.npz", weight_files.write_npz),
    "npy": ("net.npy", caffe_files.write_npy),
    "npy of Python 2": ("net.npy", lambda p, n: caffe_files.write_npy(p, n, protocol=2)),
    "caffe": ("net.caffemodel", caffe_files.write_caffe),
    "caffe of 2014": ("net.caffemodel", lambda p, n: caffe_files.write_caffe(p, n, old=True)),
    "keras 2": ("net.h5", weight_files.write_keras2),
    "keras 2, first files": ("net.h5", lambda p, n: weight_files.write_keras2(p, n, old=True)),
    "keras 2, whole model": ("net.h5", lambda p, n: weight_files.write_keras2(p, n, root="model_weights")),
    "keras 3": ("net.weights.h5", weight_files.write_keras3),
    "keras 3, numbered only": ("net.weights.h5", lambda p, n: weight_files.write_keras3(p, n, named=False)),
    "keras 3, nested": ("net.weights.h5", lambda p, n: weight_files.write_keras3(p, n, nested=True)),
    "keras 3, archive": ("net.keras", weight_files.write_keras_archive),
    "gist": ("net.h5", weight_files.write_gist),
    "matconvnet 2014": ("net.mat", lambda p, n: weight_files.write_matconvnet(p, n, release="2014")),
    "matconvnet 2016": ("net.mat", weight_files.write_matconvnet),
    "matconvnet dag": ("net.mat", lambda p, n: weight_files.write_matconvnet(p, n, release="dag")),
    # Caffe's weights under torch's names: what neural-style-pt uses.
    "pth": ("net.pth", lambda p, n: weight_files.write_pth(p, torch_state(n))),
    "pth of 2017": ("net.pth", lambda p, n: weight_files.write_pth(p, torch_state(n), legacy=True)),
    "pth checkpoint": (
        "net.pth",
        lambda p, n: weight_files.write_pth(p, {"epoch": 3, "state_dict": torch_state(n)}),
    ),
    "pth, batch normalisation": (
        "net.pth",
        lambda p, n: weight_files.write_pth(p, torch_state(n, normalised=True)),
    ),
    "safetensors": ("net.safetensors", lambda p, n: weight_files.write_safetensors(p, torch_state(n))),
}


def assert_same(weights: Weights, net: Network, *, tolerance: float = 0.0) -> None:
    assert list(weights.layers) == list(net)
    for name, (kernel, bias) in net.items():
        np.testing.assert_allclose(weights.layers[name][0], kernel, rtol=0, atol=tolerance)
        np.testing.assert_allclose(weights.layers[name][1], bias, rtol=0, atol=tolerance)
        assert weights.layers[name][0].dtype == weights.layers[name][1].dtype == np.float32
