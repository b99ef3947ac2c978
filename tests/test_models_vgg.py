import numpy as np
import onnx
import onnxruntime
import pytest
from scipy import signal
from support.weight_files import network

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.models import metadata, vgg
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.weights import Weights, layer_names


def weights(net, name="vgg19") -> Weights:
    return Weights(name, net, CAFFE, source="a test", licence="none", sha256="0" * 64)


def run(model: onnx.ModelProto, picture: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": picture}), strict=True))


def by_hand(net, picture: np.ndarray, pooling: str) -> dict[str, np.ndarray]:
    """The same network in float64, by scipy."""
    maps, block, out = picture[0].astype(np.float64), "1", {}
    for name, (kernel, bias) in net.items():
        if name[4] != block:
            block = name[4]
            height, width = (n // 2 for n in maps.shape[1:])
            windows = maps[:, : 2 * height, : 2 * width].reshape(len(maps), height, 2, width, 2)
            maps = windows.max((2, 4)) if pooling == "max" else windows.mean((2, 4))
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
        maps = np.stack(
            [
                signal.correlate(padded, k.astype(np.float64), "valid")[0] + b
                for k, b in zip(kernel, bias, strict=True)
            ]
        )
        maps = np.maximum(maps, 0)
        out[name] = maps[None]
    return out


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_features_equal_those_computed_by_hand(pooling: str) -> None:
    net = network("vgg19")
    picture = np.random.default_rng(0).standard_normal((1, 3, 37, 50)).astype(np.float32)
    found = run(vgg.build(weights(net), pooling=pooling), picture)
    expected = by_hand(net, picture, pooling)
    assert list(found) == list(expected) == layer_names((2, 2, 4, 4, 4))
    for name, features in expected.items():
        assert found[name].shape == features.shape
        np.testing.assert_allclose(found[name], features, atol=1e-5 * np.abs(features).max())


@pytest.mark.parametrize("blocks", [1, 3])
def test_beginnings_of_the_network(blocks: int) -> None:
    net = network("vgg16", blocks=blocks)
    found = run(vgg.build(weights(net)), np.zeros((2, 3, 8, 9), np.float32))
    assert list(found) == list(net)
    assert found[f"conv{blocks}_1"].shape == (
        2,
        len(net[f"conv{blocks}_1"][1]),
        8 >> blocks - 1,
        9 >> blocks - 1,
    )


def test_half_stores_half_and_computes_in_float32() -> None:
    net = network("vgg19", blocks=2)
    whole, half = vgg.build(weights(net)), vgg.build(weights(net), half=True)
    stored = [sum(len(t.raw_data) for t in model.graph.initializer) for model in (whole, half)]
    assert stored[1] * 2 == stored[0]
    picture = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    rounded = {
        n: (k.astype(np.float16).astype(np.float32), b.astype(np.float16).astype(np.float32))
        for n, (k, b) in net.items()
    }
    expected = run(vgg.build(weights(rounded)), picture)
    for name, features in run(half, picture).items():
        np.testing.assert_array_equal(features, expected[name])


def test_the_model_is_sound_and_carries_its_facts() -> None:
    model = vgg.build(weights(network("vgg19")))
    onnx.checker.check_model(model, full_check=True)
    assert (model.opset_import[0].version, model.ir_version) == (17, 8)
    facts = metadata.read(model)
    assert facts is not None
    assert (facts.name, facts.preprocessing, facts.sha256) == ("vgg19", CAFFE, "0" * 64)
    assert (facts.source, facts.licence) == ("a test", "none")
    assert facts.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert facts.content_layers == ("conv4_2",)


@pytest.mark.parametrize(
    ("blocks", "style", "content"),
    [
        (1, ("conv1_1", "conv1_2"), "conv1_1"),
        (3, ("conv1_1", "conv2_1", "conv3_1", "conv3_4"), "conv3_3"),
        (4, ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_4"), "conv4_2"),
    ],
)
def test_default_layers_of_shorter_networks(blocks: int, style: tuple[str, ...], content: str) -> None:
    assert vgg.default_layers(layer_names((2, 2, 4, 4, 4)[:blocks])) == (style, (content,))


def test_what_cannot_be_built() -> None:
    net = network("vgg19", blocks=2)
    with pytest.raises(OptionError, match="pooling"):
        vgg.build(weights(net), pooling="median")  # type: ignore[arg-type]
    del net["conv1_2"]
    with pytest.raises(ModelError, match="conv1_2 missing"):
        vgg.build(weights(net))
