"""The published network in every layout, where it is at hand: its activations."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from support import weight_files

from nst_onnx.models import readers, vgg
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.weights import Weights


@pytest.fixture(scope="session")
def tool():
    return weight_files.published_tool()


@pytest.fixture(scope="session")
def published(tool):
    return tool.weights()


def activations(weights: Weights) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(vgg.build(weights).SerializeToString())
    matrix, offset = weights.preprocessing.affine()
    picture = np.random.default_rng(0).random((40, 33, 3))
    network_input = (picture @ matrix.T + offset).transpose(2, 0, 1)[None].astype(np.float32)
    return session.run(None, {"image": network_input})


@pytest.fixture(scope="session")
def expected(published) -> list[np.ndarray]:
    layers = {n: (np.ascontiguousarray(k.transpose(3, 2, 0, 1)), b) for n, (k, b) in published.items()}
    return activations(Weights("vgg19", layers, CAFFE))


def worst(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    assert len(found) == len(expected)
    return max(float(np.abs(f - e).max() / np.abs(e).max()) for f, e in zip(found, expected, strict=True))


@pytest.mark.parametrize("layout", ["keras", "gist", "matconvnet", "npz", "torch"])
def test_published_network_in_every_layout(layout: str, tool, published, expected, tmp_path: Path) -> None:
    path = tmp_path / ("vgg.npz" if layout == "npz" else "vgg.bin" if layout != "matconvnet" else "vgg.mat")
    getattr(tool, layout)(path, published)
    weights = readers.read_weights(path)
    path.unlink()  # 80 MB
    assert weights.name == "vgg19"
    # torchvision's mean is half a grey level away from Caffe's.
    assert worst(activations(weights), expected) < (1e-2 if layout == "torch" else 1e-5)


@pytest.mark.parametrize("layout", ["keras", "gist", "matconvnet", "npz"])
@pytest.mark.parametrize("change", ["transposed", "channels swapped", "both", "rotated"])
def test_published_network_stored_the_other_way_round(
    layout: str, change: str, tool, published, expected, tmp_path: Path
) -> None:
    turned = {}
    for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"):
        kernel, bias = published[name]
        if change in ("transposed", "both"):
            kernel = kernel.transpose(1, 0, 2, 3)
        if change in ("channels swapped", "both") and name == "conv1_1":
            kernel = kernel[:, :, ::-1]
        if change == "rotated":
            kernel = kernel[::-1, ::-1]
        turned[name] = kernel, bias
    path = tmp_path / ("vgg.npz" if layout == "npz" else "vgg.mat" if layout == "matconvnet" else "vgg.h5")
    getattr(tool, layout)(path, turned)
    assert worst(activations(readers.read_weights(path)), expected[:5]) < 1e-5
