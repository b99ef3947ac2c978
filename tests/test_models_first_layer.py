"""Foreign ONNX files whose first layer is VGG's own: their preprocessing is known from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import independent
from support.foreign_models import run, write
from support.weight_files import Network, network

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor
from nst_onnx.models.metadata import CAFFE, TORCHVISION, Preprocessing

RGB_255 = Preprocessing("RGB", 255.0, (123.68, 116.779, 103.939))
Nodes = Sequence[onnx.NodeProto]
CHANNELS_FIRST = helper.make_node("Transpose", ["data"], ["first"], perm=[0, 3, 1, 2])


def constant(name: str, value: object, dtype: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def vgg(
    path: Path,
    net: Network,
    *,
    before: Nodes = (),
    source: str = "data",
    more: Sequence[onnx.TensorProto] = (),
    shape: tuple[int | str, ...] = ("N", 3, "H", "W"),
    half: bool = False,
) -> Path:
    """Write a VGG of two blocks as an exporter would: numbered tensors, no metadata, a Flatten behind.

    `before`: nodes in front of the first layer, which takes `source`; `more`: their constants.
    """
    nodes, weights = [*before], [*more]
    for number, (name, (kernel, bias)) in enumerate(net.items()):
        if name == "conv2_1":
            nodes.append(helper.make_node("MaxPool", [source], ["p"], kernel_shape=[2, 2], strides=[2, 2]))
            source = "p"
        made = [f"w{number}", f"b{number}"]
        for key, array in zip(made, (kernel, bias), strict=True):
            stored = array.astype(np.float16) if half else array
            weights.append(numpy_helper.from_array(stored, key + "h" * half))
            if half:
                nodes.append(helper.make_node("Cast", [key + "h"], [key], to=TensorProto.FLOAT))
        pads = [0] * 4 if number == 0 and source == "padded" else [1] * 4
        nodes.append(helper.make_node("Conv", [source, *made], [f"c{number}"], pads=pads))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        source = f"r{number}"
    nodes.append(helper.make_node("Flatten", [source], ["flat"]))
    return write(path, nodes, weights, ["flat"], shape=shape)


@pytest.fixture
def net() -> Network:
    return network("vgg16", published="vgg16", blocks=2)


def first_features(loaded: extractor.Extractor, picture: np.ndarray) -> np.ndarray:
    """The features of the first layer for a picture, RGB 0..1, preprocessed as the extractor says."""
    matrix, offset = loaded.facts.preprocessing.affine()
    x = (picture @ matrix.T + offset).transpose(2, 0, 1)[None].astype(np.float32)
    return run(loaded.proto, x)[0][0]


def check_features(loaded: extractor.Extractor, net: Network) -> None:
    """Hold the first layer's features against an independent computation."""
    picture = np.random.default_rng(4).random((10, 12, 3))
    expected = independent.vgg(net, "max")(picture)["conv1_1"]
    np.testing.assert_allclose(first_features(loaded, picture), expected, rtol=1e-4, atol=2e-3)


def in_order(net: Network, order: str) -> Network:
    """The same network for pictures of another order of channels."""
    kernel, bias = net["conv1_1"]
    return net | {"conv1_1": (kernel[:, ::-1].copy() if order == "RGB" else kernel, bias)}


@pytest.mark.parametrize("published", ["vgg16", "vgg19"])
@pytest.mark.parametrize(("order", "expected"), [("BGR", CAFFE), ("RGB", RGB_255)])
def test_no_option_is_needed(published: str, order: str, expected: Preprocessing, tmp_path: Path) -> None:
    net = network(published, published=published, blocks=2)
    loaded = extractor.load(vgg(tmp_path / "v.onnx", in_order(net, order)))
    assert loaded.facts.preprocessing == expected
    check_features(loaded, net)


def test_torchvision_s_form_of_it(net: Network, tmp_path: Path) -> None:
    """The same filters for pictures that are divided by a standard deviation."""
    kernel, bias = in_order(net, "RGB")["conv1_1"]
    scaled = kernel * (255 * np.asarray(TORCHVISION.std, np.float32)[:, None, None])
    loaded = extractor.load(vgg(tmp_path / "v.onnx", net | {"conv1_1": (scaled, bias)}))
    assert loaded.facts.preprocessing == TORCHVISION


def test_float16_weights(net: Network, tmp_path: Path) -> None:
    assert extractor.load(vgg(tmp_path / "v.onnx", net, half=True)).facts.preprocessing == CAFFE


def test_channels_last(net: Network, tmp_path: Path) -> None:
    path = vgg(tmp_path / "v.onnx", net, before=[CHANNELS_FIRST], source="first", shape=(1, 32, 32, 3))
    loaded = extractor.load(path)
    assert loaded.facts.preprocessing == CAFFE
    assert "Transpose" not in {node.op_type for node in loaded.proto.graph.node}
    check_features(loaded, net)


def test_preprocessing_in_the_graph_is_replaced(net: Network, tmp_path: Path) -> None:
    """As Keras' `preprocess_input` is exported: channels reversed and the mean subtracted, channels last."""
    before = [
        helper.make_node("Gather", ["data", "reverse"], ["bgr"], axis=3),
        helper.make_node("Sub", ["bgr", "mean"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["first"], perm=[0, 3, 1, 2]),
    ]
    more = [constant("reverse", [2, 1, 0], np.int64), constant("mean", CAFFE.mean)]
    path = vgg(tmp_path / "v.onnx", net, before=before, source="first", more=more, shape=(1, 32, 32, 3))
    loaded = extractor.load(path)
    assert loaded.facts.preprocessing == CAFFE
    assert {node.op_type for node in loaded.proto.graph.node} == {"Conv", "Relu", "MaxPool"}
    check_features(loaded, net)


def test_padding_stays(net: Network, tmp_path: Path) -> None:
    before = [
        helper.make_node("Sub", ["data", "mean"], ["centred"]),
        helper.make_node("Pad", ["centred", "pads"], ["padded"], mode="constant"),
    ]
    mean = np.reshape(CAFFE.mean, (1, 3, 1, 1))
    more = [constant("mean", mean), constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)]
    loaded = extractor.load(vgg(tmp_path / "v.onnx", net, before=before, source="padded", more=more))
    assert [node.op_type for node in loaded.proto.graph.node][:2] == ["Pad", "Conv"]
    check_features(loaded, net)


def test_given_preprocessing_is_used_instead(net: Network, tmp_path: Path) -> None:
    """It is that of the file's input, so the graph's own nodes stay."""
    scaled = helper.make_node("Mul", ["data", "two"], ["scaled"])
    path = vgg(tmp_path / "v.onnx", net, before=[scaled], source="scaled", more=[constant("two", 2.0)])
    loaded = extractor.load(path, preprocessing=TORCHVISION)
    assert loaded.facts.preprocessing == TORCHVISION
    assert loaded.proto.graph.node[0].op_type == "Mul"


@pytest.mark.parametrize("operator", ["Relu", "AveragePool", "Sinh"])
def test_what_filters_the_picture_first_is_another_network(
    operator: str, net: Network, tmp_path: Path
) -> None:
    size = {"kernel_shape": [2, 2]} if operator == "AveragePool" else {}
    before = [helper.make_node(operator, ["data"], ["filtered"], **size)]
    path = vgg(tmp_path / "v.onnx", net, before=before, source="filtered")
    with pytest.raises(ModelError, match="does not declare how to preprocess"):
        extractor.load(path)


def test_another_first_layer_is_not_taken_for_vgg_s(net: Network, tmp_path: Path) -> None:
    kernel, bias = net["conv1_1"]
    for other in (kernel[:, :, ::-1].copy(), kernel * 1.1, kernel.transpose(0, 1, 3, 2).copy()):
        path = vgg(tmp_path / "v.onnx", net | {"conv1_1": (other, bias)})
        with pytest.raises(ModelError, match="does not declare how to preprocess"):
            extractor.load(path)


def test_the_real_vgg16(shared: Path, tmp_path: Path) -> None:
    """Its first two blocks as another program writes them: channels last, and without a word of the mean."""
    stored = np.load(shared / "weights" / "vgg16.npz")
    names = ("conv1_1", "conv1_2", "conv2_1", "conv2_2")
    net = {n: (stored[f"{n}/kernel"].transpose(3, 2, 0, 1).copy(), stored[f"{n}/bias"]) for n in names}
    path = vgg(tmp_path / "v.onnx", net, before=[CHANNELS_FIRST], source="first", shape=(1, 64, 64, 3))
    loaded = extractor.load(path)
    assert loaded.facts.preprocessing == CAFFE
    check_features(loaded, net)
