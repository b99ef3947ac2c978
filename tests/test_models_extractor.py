from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.foreign_models import FLOAT, HALF, RNG, conv, exposing, picture, run, squeezed, tensor, write
from support.weight_files import network

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, metadata, vgg
from nst_onnx.models.metadata import CAFFE, TORCHVISION
from nst_onnx.models.weights import DEPTHS, WIDTHS, Weights, layer_names


@pytest.fixture
def small_vgg() -> Weights:
    return Weights("vgg19", network("vgg19"), CAFFE, "here", "mine", "f" * 64)


@pytest.mark.parametrize("half", [False, True])
def test_our_own_models(half: bool, small_vgg: Weights, tmp_path: Path) -> None:
    model = vgg.build(small_vgg, half=half)
    onnx.save(model, tmp_path / "v.onnx")
    loaded = extractor.load(tmp_path / "v.onnx")
    assert (
        loaded.layers
        == tuple(layer_names(DEPTHS["vgg19"]))
        == tuple(o.name for o in loaded.proto.graph.output)
    )
    assert loaded.facts == metadata.read(model)
    assert (loaded.input, loaded.path) == ("image", tmp_path / "v.onnx")
    assert {t.data_type for t in loaded.proto.graph.initializer} == {FLOAT}
    assert {n.op_type for n in loaded.proto.graph.node} == {"Conv", "Relu", "MaxPool"}
    for found, expected in zip(run(loaded.proto, picture()), run(model, picture()), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_preprocessing_is_refused_for_models_with_metadata(small_vgg: Weights, tmp_path: Path) -> None:
    onnx.save(vgg.build(small_vgg), tmp_path / "v.onnx")
    with pytest.raises(ModelError, match=r"v\.onnx declares its own preprocessing") as caught:
        extractor.load(tmp_path / "v.onnx", preprocessing=TORCHVISION)
    assert "leave out --channel-order" in caught.value.hint


def test_foreign_networks_need_their_preprocessing(tmp_path: Path) -> None:
    path = squeezed(tmp_path / "s.onnx")
    with pytest.raises(ModelError, match=r"s\.onnx does not declare how to preprocess its picture") as caught:
        extractor.load(path)
    assert all(option in caught.value.hint for option in ("--channel-order", "--scale", "--mean", "--std"))
    loaded = extractor.load(path, preprocessing=TORCHVISION)
    assert loaded.facts.preprocessing == TORCHVISION
    assert metadata.read(loaded.proto) == loaded.facts


@pytest.mark.parametrize("size", ["H", 32])
@pytest.mark.parametrize("opset", [9, 11, 17])
def test_foreign_networks(size: int | str, opset: int, tmp_path: Path) -> None:
    path = squeezed(tmp_path / "s.onnx", size=size, opset=opset)
    loaded = extractor.load(path, preprocessing=TORCHVISION)
    assert loaded.layers == ("relu1", "left_relu", "right_relu", "fire", "relu2")
    assert loaded.input == "data"
    assert loaded.proto.opset_import[0].version >= 17
    assert not {"Gemm", "Flatten", "Dropout"} & {n.op_type for n in loaded.proto.graph.node}
    assert "fc.w" not in {t.name for t in loaded.proto.graph.initializer}
    assert set(loaded.facts.style_layers) <= set(loaded.layers)
    assert len(loaded.facts.content_layers) == 1
    one = picture(32, 32)
    expected = run(exposing(path, list(loaded.layers)), one)
    for found, wanted in zip(run(loaded.proto, one), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert run(loaded.proto, picture(21, 30))[0].shape == (1, 4, 11, 15)  # any size now
    for output in loaded.proto.graph.output:
        batch, channels, *size_of_layer = output.type.tensor_type.shape.dim
        assert channels.dim_value > 0
        assert [d.dim_value for d in (batch, *size_of_layer)] == [0, 0, 0]


def test_constant_folding(tmp_path: Path) -> None:
    kernel = (RNG.standard_normal((3, 3, 3, 4)) * 0.3).astype(np.float16)
    nodes = [
        helper.make_node("Constant", [], ["stored"], value=numpy_helper.from_array(kernel)),
        helper.make_node("Cast", ["stored"], ["wide"], to=FLOAT),
        helper.make_node("Transpose", ["wide"], ["turned"], perm=[3, 2, 0, 1]),
        helper.make_node("Constant", [], ["gain"], value_float=2.0),
        helper.make_node("Mul", ["turned", "gain"], ["c.w"]),
        helper.make_node("Identity", ["bias"], ["c.b"]),
        conv("data", "c"),
        helper.make_node("Identity", ["c"], ["same"]),
        helper.make_node("Relu", ["same"], ["out"]),
    ]
    path = write(tmp_path / "c.onnx", nodes, [tensor("bias", 4)], ["out"])
    loaded = extractor.load(path, preprocessing=CAFFE)
    assert [n.op_type for n in loaded.proto.graph.node] == ["Conv", "Relu"]
    weights = {t.name: numpy_helper.to_array(t) for t in loaded.proto.graph.initializer}
    np.testing.assert_array_equal(weights["c.w"], 2 * kernel.transpose(3, 2, 0, 1).astype(np.float32))
    np.testing.assert_allclose(run(loaded.proto, picture())[0], run(path, picture())[0], atol=1e-6)


def test_paddings_that_are_computed_of_constants(tmp_path: Path) -> None:
    """As PyTorch exports padding_mode "reflect": gradient rules need them as one constant."""
    nodes = [
        helper.make_node("ConstantOfShape", ["four"], ["outer"], value=helper.make_tensor("0", 7, [1], [0])),
        helper.make_node("Concat", ["inner", "outer"], ["reversed"], axis=0),
        helper.make_node("Reshape", ["reversed", "pairs"], ["sides"]),
        helper.make_node("Slice", ["sides", "last", "first", "zero", "back"], ["forward"]),
        helper.make_node("Transpose", ["forward"], ["turned"], perm=[1, 0]),
        helper.make_node("Reshape", ["turned", "flat"], ["pads"]),
        helper.make_node("Pad", ["data", "pads"], ["padded"], mode="reflect"),
        helper.make_node("Relu", ["padded"], ["out"]),
    ]
    constants = {
        "four": [4], "inner": [1, 2, 3, 4], "pairs": [4, 2], "last": [-1],
        "first": [-(2**63) + 1], "zero": [0], "back": [-1], "flat": [-1],
    }  # fmt: skip
    weights = [numpy_helper.from_array(np.array(v, np.int64), name) for name, v in constants.items()]
    path = write(tmp_path / "p.onnx", nodes, weights, ["out"])
    loaded = extractor.load(path, preprocessing=CAFFE)
    assert [n.op_type for n in loaded.proto.graph.node] == ["Pad", "Relu"]
    (pads,) = (numpy_helper.to_array(t) for t in loaded.proto.graph.initializer)
    np.testing.assert_array_equal(pads, [0, 0, 3, 1, 0, 0, 4, 2])
    np.testing.assert_array_equal(run(loaded.proto, picture())[0], run(path, picture())[0])


def test_float16_networks_are_cast_to_float32(tmp_path: Path) -> None:
    nodes = [conv("data", "c"), helper.make_node("Relu", ["c"], ["out"])]
    weights = [tensor("c.w", 4, 3, 3, 3, dtype=np.float16), tensor("c.b", 4, dtype=np.float16)]
    path = write(tmp_path / "h.onnx", nodes, weights, ["out"], kind=HALF)
    loaded = extractor.load(path, preprocessing=CAFFE)
    expected = run(path, picture(dtype=np.float16))[0]
    np.testing.assert_allclose(run(loaded.proto, picture())[0], expected, atol=2e-2)


def test_mixed_precision_is_cast_to_float32(tmp_path: Path) -> None:
    """A float32 picture, computed on in float16: gradients need one kind of number throughout."""
    nodes = [
        helper.make_node("Cast", ["data"], ["narrow"], to=HALF),
        conv("narrow", "c"),
        helper.make_node("Relu", ["c"], ["kept"]),
        helper.make_node("Cast", ["kept"], ["out"], to=FLOAT),
    ]
    weights = [tensor("c.w", 4, 3, 3, 3, dtype=np.float16), tensor("c.b", 4, dtype=np.float16)]
    path = write(tmp_path / "m.onnx", nodes, weights, ["out"])
    loaded = extractor.load(path, preprocessing=CAFFE)
    found = dict(zip(loaded.layers, run(loaded.proto, picture()), strict=True))
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(found["kept"], run(path, picture())[0], atol=2e-2)


def test_channels_last_inputs_are_transposed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["data"], ["first"], perm=[0, 3, 1, 2]),
        conv("first", "c"),
        helper.make_node("Relu", ["c"], ["out"]),
    ]
    weights = [tensor("c.w", 4, 3, 3, 3), tensor("c.b", 4)]
    path = write(tmp_path / "n.onnx", nodes, weights, ["out"], shape=(1, 20, 20, 3))
    loaded = extractor.load(path, preprocessing=CAFFE)
    assert [n.op_type for n in loaded.proto.graph.node] == ["Conv", "Relu"]
    one = picture(20, 20)
    expected = run(path, np.ascontiguousarray(one.transpose(0, 2, 3, 1)))[0]
    np.testing.assert_allclose(run(loaded.proto, one)[0], expected, atol=1e-6)


def test_a_foreign_vgg_gets_vggs_names(tmp_path: Path) -> None:
    model = vgg.build(Weights("x", network("vgg16", widths=(64, 128, 256, 512, 512), blocks=4), CAFFE))
    renamed = {f"conv{b}_{i}": f"/features/{b}.{i}/Relu_output_0" for b in range(1, 5) for i in range(1, 4)}
    for node in model.graph.node:
        node.input[:] = [renamed.get(n, n) for n in node.input]
        node.output[:] = [renamed.get(n, n) for n in node.output]
    last = model.graph.output[-1]
    last.name = renamed[last.name]
    del model.graph.output[:-1]
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "v.onnx")
    loaded = extractor.load(tmp_path / "v.onnx", preprocessing=TORCHVISION)
    assert loaded.layers == tuple(layer_names(DEPTHS["vgg16"][:4]))
    assert loaded.facts.content_layers == ("conv4_2",)
    assert run(loaded.proto, picture())[0].shape == (1, WIDTHS[0], 21, 30)


def test_a_network_that_gates_its_channels_keeps_its_layers(tmp_path: Path) -> None:
    """Squeeze-and-excitation pools globally on the side; what it gates still has height and width."""
    nodes = [
        conv("data", "c"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Conv", ["g", "s.w", "s.b"], ["s"]),
        helper.make_node("Relu", ["s"], ["gate"]),
        helper.make_node("Mul", ["r", "gate"], ["gated"]),
        helper.make_node("Relu", ["gated"], ["out"]),
    ]
    weights = [tensor("c.w", 4, 3, 3, 3), tensor("c.b", 4), tensor("s.w", 4, 4, 1, 1), tensor("s.b", 4)]
    loaded = extractor.load(write(tmp_path / "g.onnx", nodes, weights, ["out"]), preprocessing=CAFFE)
    assert loaded.layers == ("r", "gated", "out")


# --- files that cannot be used


def relu_of(source: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [source], ["out"])


def test_missing_empty_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no\.onnx does not exist"):
        extractor.load(tmp_path / "no.onnx")
    with pytest.raises(ModelError, match="is a folder"):
        extractor.load(tmp_path)
    for name, content in {
        "empty.onnx": b"",
        "text.onnx": b"this is not a model",
        "zeros.onnx": bytes(200),
        "page.onnx": b"<!DOCTYPE html>",
        "random.onnx": np.random.default_rng(0).bytes(5000),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=name) as caught:
            extractor.load(tmp_path / name, preprocessing=CAFFE)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated_models(part: float, small_vgg: Weights, tmp_path: Path) -> None:
    content = vgg.build(small_vgg).SerializeToString()
    (tmp_path / "v.onnx").write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ModelError, match=r"v\.onnx"):
        extractor.load(tmp_path / "v.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("half", [False, True])
def test_weights_that_are_not_finite(value: float, half: bool, small_vgg: Weights, tmp_path: Path) -> None:
    model = vgg.build(small_vgg, half=half)
    stored = next(t for t in model.graph.initializer if t.name.startswith("conv3_1/kernel"))
    array = numpy_helper.to_array(stored).copy()
    array[0, 0, 0, 0] = value
    stored.CopyFrom(numpy_helper.from_array(array, stored.name))
    onnx.save(model, tmp_path / "v.onnx")
    with pytest.raises(ModelError, match=r"v\.onnx: the weights conv3_1/kernel hold NaN or infinity"):
        extractor.load(tmp_path / "v.onnx")


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        (("N", 3), FLOAT, "one picture input"),
        (("N", 1, 28, 28), FLOAT, r"its inputs are: data N×1×28×28"),
        (("N", 3, "H", "W"), TensorProto.UINT8, "one picture input"),
        (("N", "H", "W", 3), FLOAT, "channels last"),
    ],
)
def test_inputs_that_are_no_picture(shape, kind, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [relu_of("data")], [], ["out"], shape=shape, kind=kind)
    with pytest.raises(ModelError, match=message):
        extractor.load(path, preprocessing=CAFFE)


def test_further_inputs_are_named(tmp_path: Path) -> None:
    more = helper.make_tensor_value_info("strength", FLOAT, [1])
    nodes = [helper.make_node("Mul", ["data", "strength"], ["m"]), relu_of("m")]
    path = write(tmp_path / "m.onnx", nodes, [], ["out"], inputs=[more])
    with pytest.raises(ModelError, match="needs more inputs than a picture: strength"):
        extractor.load(path, preprocessing=CAFFE)


def test_no_layers(tmp_path: Path) -> None:
    nodes = [helper.make_node("Flatten", ["data"], ["f"]), relu_of("f")]
    with pytest.raises(ModelError, match="no layer with a height and width"):
        extractor.load(write(tmp_path / "m.onnx", nodes, [], ["out"]), preprocessing=CAFFE)


@pytest.mark.parametrize("nodes", [[relu_of("nothing")], [helper.make_node("Rleu", ["data"], ["out"])]])
def test_invalid_graphs(nodes, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", nodes, [], ["out"])
    with pytest.raises(ModelError, match=r"m\.onnx") as caught:
        extractor.load(path, preprocessing=CAFFE)
    assert "\n" not in str(caught.value)


def test_missing_external_data(small_vgg: Weights, tmp_path: Path) -> None:
    onnx.save(
        vgg.build(small_vgg),
        tmp_path / "v.onnx",
        save_as_external_data=True,
        location="v.data",
        size_threshold=0,
    )
    assert extractor.load(tmp_path / "v.onnx").layers
    (tmp_path / "v.data").unlink()
    with pytest.raises(ModelError, match=r"v\.data"):
        extractor.load(tmp_path / "v.onnx")


def test_broken_metadata(small_vgg: Weights, tmp_path: Path) -> None:
    model = vgg.build(small_vgg)
    next(p for p in model.metadata_props if p.key == "nst.mean").value = "?"
    onnx.save(model, tmp_path / "v.onnx")
    with pytest.raises(ModelError, match=r"v\.onnx: .* metadata is broken"):
        extractor.load(tmp_path / "v.onnx")
