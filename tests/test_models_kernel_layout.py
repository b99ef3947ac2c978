import itertools

import numpy as np
import pytest
from support import weight_files
from support.weight_files import network

from nst_onnx.models import kernel_layout
from nst_onnx.models.kernel_layout import Orientation, recognise
from nst_onnx.models.metadata import CAFFE, TORCHVISION


def orientations() -> list[Orientation]:
    return [
        Orientation((0, *axes), *flips)
        for axes in itertools.permutations((1, 2, 3))
        for flips in itertools.product((False, True), repeat=3)
    ]


@pytest.fixture(scope="module")
def published():
    tool = weight_files.published_tool()
    kernel, bias = tool.weights()["conv1_1"]
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), bias


def test_the_fingerprint_is_of_the_published_layer(published) -> None:
    kernel, bias = published
    print_ = kernel_layout._PUBLISHED["vgg19"]
    np.testing.assert_allclose(print_.blue, kernel[0, 0], rtol=1e-6)
    np.testing.assert_allclose([print_.green, print_.red], kernel[0, 1:, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(print_.bias, bias[0], rtol=1e-6)


def test_every_orientation_of_the_published_layer_is_found(published) -> None:
    kernel, bias = published
    for orientation in orientations():
        stored = orientation.apply(kernel, first=True)
        match = recognise(stored, bias)
        assert match is not None
        name, preprocessing, found = match
        assert (name, preprocessing) == ("vgg19", CAFFE)
        np.testing.assert_array_equal(found.apply(stored, first=True), kernel)


@pytest.mark.parametrize("scale", [0.02, 3.0])
def test_filters_scaled_with_their_biases_are_found(scale: float, published) -> None:
    kernel, bias = published
    assert recognise(kernel * np.float32(scale), bias * np.float32(scale)) == ("vgg19", CAFFE, Orientation())


def test_filters_scaled_without_their_biases_are_another_network(published) -> None:
    kernel, bias = published
    assert recognise(kernel * np.float32(1.1), bias) is None
    assert recognise(kernel, np.zeros_like(bias)) is None


def test_the_published_networks_are_told_apart_even_with_noise() -> None:
    for name in ("vgg16", "vgg19"):
        kernel, bias = network(published=name, blocks=1)["conv1_1"]
        noise = np.random.default_rng(1).standard_normal(kernel.shape).astype(np.float32)
        assert recognise(kernel + 1e-3 * noise, bias) == (name, CAFFE, Orientation())
        assert recognise(kernel + 1e-1 * noise, bias) is None


def test_torchvision_scaling_and_order() -> None:
    kernel, bias = network(published="vgg16", blocks=1)["conv1_1"]
    scale = 255 * np.array(TORCHVISION.std, np.float32).reshape(1, 3, 1, 1)
    assert recognise(kernel[:, ::-1] * scale, bias) == ("vgg16", TORCHVISION, Orientation())
    # The same scaling of channels that are still BGR: the reversal belongs to the orientation.
    match = recognise(kernel * scale[:, ::-1], bias)
    assert match == ("vgg16", TORCHVISION, Orientation(flip_channels=True))


def test_strangers_are_not_recognised() -> None:
    kernel, bias = network(blocks=1)["conv1_1"]
    assert recognise(kernel, bias) is None
    assert recognise(np.zeros((8, 3, 3, 3), np.float32), np.zeros(8, np.float32)) is None
    assert recognise(np.full((8, 3, 3, 3), np.nan, np.float32), np.ones(8, np.float32)) is None
    assert recognise(np.zeros((8, 3, 7, 7), np.float32), np.ones(8, np.float32)) is None
