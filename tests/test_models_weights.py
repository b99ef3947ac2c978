import numpy as np
import pytest
from support.weight_files import network

from nst_onnx.errors import ModelError
from nst_onnx.models.weights import (
    DEPTHS,
    WIDTHS,
    architecture,
    block,
    by_order,
    check,
    is_full_width,
    layer_names,
    network_order,
)


@pytest.mark.parametrize("vgg", DEPTHS)
def test_networks_are_told_apart_by_their_layers(vgg: str) -> None:
    assert architecture(layer_names(DEPTHS[vgg])) == vgg


@pytest.mark.parametrize("vgg", ["vgg19", "vgg16"])
def test_the_first_layers_of_a_vgg_are_recognised(vgg: str) -> None:
    names = layer_names(DEPTHS[vgg])
    for end in range(1, len(names) + 1):
        assert architecture(names[:end]) in DEPTHS


def test_missing_layers_are_counted_from_the_nearest_network() -> None:
    names = layer_names(DEPTHS["vgg16"])
    with pytest.raises(ModelError, match=r"not a whole VGG16: conv1_2 missing"):
        architecture([n for n in names if n != "conv1_2"])
    with pytest.raises(ModelError, match="layers that no VGG has: conv6_1"):
        architecture([*names, "conv6_1"])


def test_network_order() -> None:
    assert network_order(["conv10_1", "conv2_1", "fc6", "conv1_2", "conv1_10"]) == [
        "conv1_2",
        "conv1_10",
        "conv2_1",
        "conv10_1",
    ]
    assert block("conv4_2") == 4
    with pytest.raises(ModelError):
        block("relu")


@pytest.mark.parametrize("vgg", DEPTHS)
def test_order_alone_names_the_layers(vgg: str) -> None:
    pairs = []
    for width, depth in zip(WIDTHS, DEPTHS[vgg], strict=True):
        pairs += [(np.zeros(1), np.zeros(width))] * depth
    assert list(by_order(pairs)) == layer_names(DEPTHS[vgg])


@pytest.mark.parametrize(
    ("name", "kernel", "bias", "message"),
    [
        ("conv1_1", np.zeros((4, 1, 3, 3)), np.zeros(4), "has 1 input channels instead of 3"),
        ("conv1_2", np.zeros((4, 5, 2, 3)), np.zeros(4), "shape 4×5×2×3"),
        ("conv1_2", np.zeros((4, 5)), np.zeros(4), "shape 4×5,"),
        ("conv1_2", np.zeros((4, 5, 3, 3)), np.zeros(5), "5 biases for 4 filters"),
        ("conv1_2", np.zeros((4, 5, 3, 3)), np.full(4, np.nan), "NaN"),
    ],
)
def test_invalid_layers_are_refused(name, kernel, bias, message) -> None:
    net = network(blocks=1) | {name: (kernel.astype(np.float32), bias.astype(np.float32))}
    with pytest.raises(ModelError, match=message) as caught:
        check(net, where="mine.npz")
    assert str(caught.value).startswith("mine.npz")


def test_full_width() -> None:
    assert is_full_width(network(widths=WIDTHS, blocks=2))
    assert not is_full_width(network(blocks=2))
