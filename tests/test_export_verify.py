from __future__ import annotations

import numpy as np
import pytest
from support import exporter, networks

from nst_onnx.errors import ModelError
from nst_onnx.models import vgg
from nst_onnx.models.metadata import CAFFE, TORCHVISION

verify = exporter.module("verify")


def activations(change: float = 1.0, layer: str = "conv2_1") -> object:
    """A small VGG in onnxruntime, one of its kernels multiplied by `change`."""
    weights = networks.vgg_weights(widths=(6, 8))
    weights.layers[layer] = weights.layers[layer][0] * np.float32(change), weights.layers[layer][1]
    return verify.of_onnx(vgg.build(weights))


def batches() -> list[np.ndarray]:
    return list(verify.pictures(CAFFE))


def test_pictures_are_what_the_network_takes() -> None:
    matrix, offset = TORCHVISION.affine()
    shapes = []
    for batch in verify.pictures(TORCHVISION):
        assert batch.dtype == np.float32
        shapes.append((batch.shape[0], *batch.shape[2:]))
        rgb = np.einsum("ij,njhw->nihw", np.linalg.inv(matrix), batch - offset[:, None, None])
        assert -1e-6 < rgb.min() < 0.2
        assert 0.8 < rgb.max() < 1 + 1e-6
    assert shapes == list(verify.SIZES)


def test_a_network_equals_itself() -> None:
    found = verify.errors(activations(), activations(), batches())
    assert set(found) == {"conv1_1", "conv1_2", "conv2_1", "conv2_2"}
    assert set(found.values()) == {0.0}
    verify.require(found)


def test_a_small_change_is_seen_from_its_layer_on() -> None:
    found = verify.errors(activations(1.001), activations(), batches())
    assert found["conv1_2"] == 0
    assert found["conv2_1"] > verify.LIMIT
    with pytest.raises(ModelError, match=r"activations of conv2_\d differ"):
        verify.require(found)


def test_overflow_does_not_pass() -> None:
    found = verify.errors(activations(1e38), activations(), batches()[:1])
    assert found["conv2_1"] == np.inf
    with pytest.raises(ModelError):
        verify.require(found, limit=1e30)


def test_different_networks_are_told_apart() -> None:
    shorter = verify.of_onnx(vgg.build(networks.vgg_weights(widths=(6,))))
    with pytest.raises(ModelError, match="differ in their layers: conv2_1, conv2_2"):
        verify.errors(shorter, activations(), batches())
    wider = verify.of_onnx(vgg.build(networks.vgg_weights(widths=(7, 8))))
    with pytest.raises(ModelError, match="conv1_1 has shape"):
        verify.errors(wider, activations(), batches())
