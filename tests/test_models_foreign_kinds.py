"""Networks that people have: local functions, channels last, linked data, traced sizes, no gradient rule."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support.command import Outcome
from support.foreign_models import FLOAT, conv, picture, run, tensor, write

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, reserved_names
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import CAFFE
from nst_onnx.objective import loss_scaling, losses, terms
from nst_onnx.objective.losses import temporal

Nst = Callable[..., Outcome]
PREPROCESSING = "--scale 255 --mean 1,2,3 --std 1,1,1 --channel-order RGB".split()


def network(path: Path, middle, stored=(), *, channels: int = 4, opset: int = 17, **more) -> Path:
    """Convolution, ReLU r1, what `middle` makes of it (n1), convolution, ReLU r2."""
    nodes = [
        *more.pop("front", []),
        conv(more.pop("first", "data"), "c1"),
        helper.make_node("Relu", ["c1"], ["r1"]),
        *middle,
        conv("n1", "c2"),
        helper.make_node("Relu", ["c2"], ["r2"]),
    ]
    weights = [
        tensor("c1.w", 4, 3, 3, 3),
        tensor("c1.b", 4),
        tensor("c2.w", 6, channels, 3, 3),
        tensor("c2.b", 6),
    ]
    return write(path, nodes, [*weights, *stored], ["r2"], opset=opset, **more)


def loaded(path: Path) -> extractor.Extractor:
    """Load it, without any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return extractor.load(path, preprocessing=CAFFE)


def ints(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.int64(values), name)


# ---- names


def test_names_of_the_objectives_own_tensors_are_reserved() -> None:
    own = [terms.PICTURE, terms.MASK, terms.COEFFICIENTS, terms.LOSSES, terms.GRADIENT, temporal.TARGET]
    own += [
        temporal.TRUST,
        loss_scaling.LOSS_SCALE,
        loss_scaling.GRADIENT_MEAN,
        "target/x",
        "shape/x",
        "nst/x",
    ]
    own += [loss.name for loss in (*losses.LOSSES.values(), *losses.STATISTICS.values())]
    assert {name.partition("/")[0] for name in own} <= reserved_names.RESERVED


def test_a_network_with_the_objectives_names_is_painted_with(
    nst: Nst, tmp_path: Path, photos: tuple[str, str]
) -> None:
    """An input is often called picture."""
    nodes = [
        helper.make_node("Conv", ["picture", "mask", "size"], ["losses"], pads=[1] * 4),
        helper.make_node("Relu", ["losses"], ["gradient"]),
        helper.make_node("MaxPool", ["gradient"], ["coefficients"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Relu", ["coefficients"], ["style/gradient"]),
    ]
    graph = helper.make_graph(
        nodes,
        "n",
        [helper.make_tensor_value_info("picture", FLOAT, (1, 3, 32, 32))],
        [helper.make_tensor_value_info("style/gradient", FLOAT, None)],
        [tensor("mask", 4, 3, 3, 3), tensor("size", 4)],
    )
    path = tmp_path / "n.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    line = ["stylize", *photos, "-o", str(tmp_path / "o.png"), "--model", str(path), "--size", "48"]
    outcome = nst(*line, "--steps", "3", *PREPROCESSING)
    assert (outcome.code, outcome.err.count("error")) == (0, 0)


# ---- local functions


@pytest.mark.parametrize("opset", [13, 17, 18])
def test_local_functions_are_inlined(opset: int, tmp_path: Path) -> None:
    path = network(
        tmp_path / "f.onnx", [helper.make_node("gate", ["r1"], ["n1"], domain="pkg.torch")], opset=opset
    )
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("pkg.torch", 1))
    body = [helper.make_node("Sigmoid", ["a"], ["s"]), helper.make_node("Mul", ["a", "s"], ["b"])]
    model.functions.append(
        helper.make_function("pkg.torch", "gate", ["a"], ["b"], body, [helper.make_opsetid("", opset)])
    )
    onnx.save(model, path)
    found = loaded(path)
    assert [layer for layer in found.layers if layer in ("r1", "n1", "r2")] == ["r1", "n1", "r2"]
    assert not found.proto.functions
    assert [o.domain for o in found.proto.opset_import] == [""]
    (expected,) = run(path, picture())
    np.testing.assert_allclose(run(found.proto, picture(), ["r2"])[0], expected, atol=1e-6)


# ---- channels last


@pytest.mark.parametrize("size", [20, "H"])
def test_channels_last_behind_preprocessing(size: int | str, tmp_path: Path) -> None:
    """As tf2onnx writes Keras' Rescaling and Normalization."""
    front = [
        helper.make_node("Mul", ["data", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "mean"], ["less"]),
        helper.make_node("Transpose", ["less"], ["first"], perm=[0, 3, 1, 2]),
    ]
    stored = [
        numpy_helper.from_array(np.float32([0.5, 1, 2]), "scale"),
        numpy_helper.from_array(np.float32([1, 2, 3]), "mean"),
    ]
    shape = (1, size, size, 3)
    path = network(
        tmp_path / "n.onnx",
        [helper.make_node("Relu", ["r1"], ["n1"])],
        stored,
        front=front,
        first="first",
        shape=shape,
    )
    found = loaded(path)
    one = picture(20, 20)
    (expected,) = run(path, np.ascontiguousarray(one.transpose(0, 2, 3, 1)))
    np.testing.assert_allclose(run(found.proto, one, ["r2"])[0], expected, atol=1e-5)
    assert found.layers == ("r1", "n1", "r2")


def test_features_with_the_channels_last_are_no_layers(tmp_path: Path) -> None:
    """As inside ConvNeXt's blocks: a Gram matrix there would be one of columns."""
    middle = [
        helper.make_node("Transpose", ["r1"], ["turned"], perm=[0, 2, 3, 1]),
        helper.make_node("LayerNormalization", ["turned", "scale"], ["normal"]),
        helper.make_node("Relu", ["normal"], ["last"]),
        helper.make_node("Transpose", ["last"], ["back"], perm=[0, 3, 1, 2]),
        helper.make_node("Relu", ["back"], ["n1"]),
    ]
    found = loaded(network(tmp_path / "n.onnx", middle, [tensor("scale", 4)]))
    assert found.layers == ("r1", "n1", "r2")


# ---- external data


def stored_as_by_a_cache(tmp_path: Path) -> Path:
    """A network in blobs/, and links to it and its data in snapshots/one/."""
    blobs, snapshot = tmp_path / "hub" / "blobs", tmp_path / "hub" / "snapshots" / "one"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    model = onnx.load(network(tmp_path / "n.onnx", [helper.make_node("Relu", ["r1"], ["n1"])]))
    onnx.save(model, blobs / "aa", save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    (blobs / "model.onnx_data").rename(blobs / "bb")
    for name, blob in (("model.onnx", "aa"), ("model.onnx_data", "bb")):
        try:
            (snapshot / name).symlink_to(Path("../../blobs") / blob)
        except OSError:
            pytest.skip("no links here")
    return snapshot / "model.onnx"


def test_external_data_behind_links(tmp_path: Path) -> None:
    path = stored_as_by_a_cache(tmp_path)
    (expected,) = run(tmp_path / "n.onnx", picture())
    np.testing.assert_array_equal(run(loaded(path).proto, picture(), ["r2"])[0], expected)


def test_external_data_in_a_folder_beside_the_model(tmp_path: Path) -> None:
    model = onnx.load(network(tmp_path / "n.onnx", [helper.make_node("Relu", ["r1"], ["n1"])]))
    (tmp_path / "weights").mkdir()
    onnx.save(
        model, tmp_path / "e.onnx", save_as_external_data=True, location="weights/all", size_threshold=0
    )
    assert loaded(tmp_path / "e.onnx").layers


def test_external_data_that_was_not_downloaded_is_named(tmp_path: Path) -> None:
    path = stored_as_by_a_cache(tmp_path)
    (tmp_path / "hub" / "blobs" / "bb").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx_data does not exist") as caught:
        extractor.load(path, preprocessing=CAFFE)
    assert "download" in caught.value.hint
    assert "not an ONNX model" not in str(caught.value)


def test_external_data_is_not_read_from_elsewhere(tmp_path: Path) -> None:
    """A downloaded model could pass any file of the user's off as weights."""
    path = stored_as_by_a_cache(tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(10_000))
    data = path.with_name("model.onnx_data")
    data.unlink()
    data.symlink_to(secret)
    with pytest.raises(ModelError, match="is a link to another folder"):
        extractor.load(path, preprocessing=CAFFE)
    model = onnx.load(path.resolve(), load_external_data=False)
    for location in (str(secret), "../secret"):
        for t in model.graph.initializer:
            for entry in t.external_data:
                if entry.key == "location":
                    entry.value = location
        (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(ModelError, match="outside of its folder"):
            extractor.load(tmp_path / "m.onnx", preprocessing=CAFFE)


# ---- sizes of the traced picture


@pytest.mark.parametrize(("batch", "allow"), [(1, 0), (1, 1), (-1, 0)])
def test_a_traced_channel_shuffle_works_at_any_size(batch: int, allow: int, tmp_path: Path) -> None:
    middle = [
        helper.make_node("Reshape", ["r1", "to"], ["halves"], allowzero=allow),
        helper.make_node("Transpose", ["halves"], ["turned"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["turned", "back"], ["n1"]),
    ]
    stored = [ints("to", batch, 2, 2, 20, 30), ints("back", batch, 4, 20, 30)]
    path = network(tmp_path / "n.onnx", middle, stored, shape=(1, 3, 20, 30))
    found = loaded(path)
    assert found.layers == ("r1", "r2")
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), ["r2"])[0], expected, atol=1e-6)
    assert run(found.proto, picture(33, 18), ["r2"])[0].shape == (1, 6, 33, 18)


def test_a_traced_width_that_is_derived_works_at_any_size(tmp_path: Path) -> None:
    """As PyTorch exports local response normalisation: the width is -1, the height a number."""
    middle = [
        helper.make_node("Mul", ["r1", "r1"], ["squares"]),
        helper.make_node("Reshape", ["squares", "to"], ["volume"]),
        helper.make_node(
            "AveragePool", ["volume"], ["mean"], kernel_shape=[3, 1, 1], pads=[1, 0, 0, 1, 0, 0]
        ),
        helper.make_node("Reshape", ["mean", "back"], ["flat"]),
        helper.make_node("Add", ["flat", "one"], ["divisor"]),
        helper.make_node("Div", ["r1", "divisor"], ["quotient"]),
        helper.make_node("Relu", ["quotient"], ["n1"]),
    ]
    stored = [
        ints("to", 1, 1, 4, 20, -1),
        ints("back", 1, 4, 20, 30),
        numpy_helper.from_array(np.float32(1), "one"),
    ]
    path = network(tmp_path / "n.onnx", middle, stored, shape=(1, 3, 20, 30))
    found = loaded(path)
    assert found.layers[-2:] == ("n1", "r2")
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), ["r2"])[0], expected, atol=1e-6)
    assert run(found.proto, picture(33, 18), ["r2"])[0].shape == (1, 6, 33, 18)


@pytest.mark.parametrize("size", [(20, 30), ("H", "W")])
def test_branches_that_shapes_decide_are_taken(size, tmp_path: Path) -> None:
    """As PyTorch exports squeeze(1)."""
    result = helper.make_tensor_value_info("result", FLOAT, None)
    squeeze = [helper.make_node("Squeeze", ["volume", "axis"], ["result"])]
    nothing = [helper.make_node("Identity", ["volume"], ["result"])]
    middle = [
        helper.make_node("Unsqueeze", ["r1", "axis"], ["volume"]),
        helper.make_node("Shape", ["volume"], ["lengths"]),
        helper.make_node("Gather", ["lengths", "axis"], ["length"], axis=0),
        helper.make_node("Equal", ["length", "axis"], ["is_one"]),
        helper.make_node(
            "If",
            ["is_one"],
            ["chosen"],
            then_branch=helper.make_graph(squeeze, "then", [], [result]),
            else_branch=helper.make_graph(nothing, "else", [], [result]),
        ),
        helper.make_node("Relu", ["chosen"], ["n1"]),
    ]
    path = network(tmp_path / "n.onnx", middle, [ints("axis", 1)], shape=(1, 3, *size))
    found = loaded(path)
    assert found.layers == ("r1", "n1", "r2")
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), ["r2"])[0], expected, atol=1e-6)


def test_what_meets_a_map_of_a_fixed_size_is_left_out(tmp_path: Path) -> None:
    """As an embedding of the positions of the traced picture."""
    middle = [
        helper.make_node("Transpose", ["r1"], ["turned"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["turned", "to"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["columns"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["columns", "back"], ["map"]),
        helper.make_node("Add", ["r1", "map"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["n1"]),
    ]
    stored = [ints("to", 1, 600, 4), ints("back", 1, 4, 20, 30)]
    path = network(tmp_path / "n.onnx", middle, stored, shape=(1, 3, 20, 30))
    with pytest.warns(ModelWarning, match="fixes their height and width"):
        found = extractor.load(path, preprocessing=CAFFE)
    assert found.layers == ("r1",)


def test_a_traced_resize_works_at_any_size(tmp_path: Path) -> None:
    middle = [
        helper.make_node("MaxPool", ["r1"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["small", "", "", "sizes"], ["n1"], mode="linear"),
    ]
    path = network(tmp_path / "n.onnx", middle, [ints("sizes", 1, 4, 20, 30)], shape=(1, 3, 20, 30))
    found = loaded(path)
    assert found.layers == ("r1", "r2")
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), ["r2"])[0], expected, atol=1e-5)
    assert run(found.proto, picture(32, 18), ["r2"])[0].shape == (1, 6, 32, 18)


def test_layers_behind_another_traced_size_are_left_out_with_a_warning(tmp_path: Path) -> None:
    """As windows of attention: height and width are cut into pieces of a fixed number."""
    middle = [
        helper.make_node("Reshape", ["r1", "to"], ["windows"]),
        helper.make_node("Transpose", ["windows"], ["turned"], perm=[0, 1, 4, 5, 2, 3]),
        helper.make_node("Reshape", ["turned", "back"], ["n1"]),
    ]
    stored = [ints("to", 1, 4, 4, 5, 5, 6), ints("back", 1, 4, 20, 30)]
    path = network(tmp_path / "n.onnx", middle, stored, shape=(1, 3, 20, 30))
    with pytest.warns(ModelWarning, match="behind Reshape.*fixes their height and width"):
        found = extractor.load(path, preprocessing=CAFFE)
    assert found.layers == ("r1",)
    assert run(found.proto, picture(33, 18), ["r1"])[0].shape == (1, 4, 33, 18)


# ---- operators without a rule


def test_layers_behind_an_operator_without_rule_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = network(tmp_path / "n.onnx", [helper.make_node("Cos", ["r1"], ["n1"])])
    with pytest.warns(ModelWarning, match="1 of its 2 layers are used, up to r1: operator Cos"):
        found = extractor.load(path, preprocessing=CAFFE)
    assert found.layers == ("r1",)
    assert [node.op_type for node in found.proto.graph.node] == ["Conv", "Relu"]


def test_a_network_whose_every_layer_is_behind_it_is_refused_when_it_is_added(
    nst: Nst, tmp_path: Path
) -> None:
    front = [helper.make_node("Cos", ["data"], ["first"])]
    path = network(
        tmp_path / "n.onnx", [helper.make_node("Relu", ["r1"], ["n1"])], front=front, first="first"
    )
    outcome = nst("models", "add", str(path), *PREPROCESSING)
    assert outcome.code == 1
    assert "cannot be painted with: operator Cos" in outcome.err
    assert outcome.err.count("\n") == 1


def test_integers_throughout_are_refused_when_added(nst: Nst, tmp_path: Path) -> None:
    stored = [
        numpy_helper.from_array(np.float32(0.02), "s"),
        numpy_helper.from_array(np.uint8(128), "z"),
        numpy_helper.from_array(np.ones((4, 3, 3, 3), np.uint8), "w"),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["data", "s", "z"], ["q"]),
        helper.make_node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], ["c"], pads=[1] * 4),
        helper.make_node("DequantizeLinear", ["c", "s", "z"], ["d"]),
        helper.make_node("Relu", ["d"], ["r"]),
    ]
    outcome = nst("models", "add", str(write(tmp_path / "n.onnx", nodes, stored, ["r"])), *PREPROCESSING)
    assert outcome.code == 1
    assert "QLinearConv" in outcome.err
    assert "QuantizeLinear and DequantizeLinear" in outcome.err


def test_a_quantised_network_is_used_and_told(nst: Nst, tmp_path: Path, photos: tuple[str, str]) -> None:
    stored = [numpy_helper.from_array(np.float32(0.02), "s"), numpy_helper.from_array(np.uint8(0), "z")]
    middle = [
        helper.make_node("QuantizeLinear", ["r1", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["n1"]),
    ]
    path = network(tmp_path / "n.onnx", middle, stored)
    outcome = nst("models", "add", str(path), "--name", "quantised", *PREPROCESSING)
    assert outcome.code == 0
    assert "is quantised" in outcome.err
    line = [
        "stylize",
        *photos,
        "-o",
        str(tmp_path / "o.png"),
        "--model",
        "quantised",
        "--size",
        "48",
        "--steps",
        "3",
    ]
    assert nst(*line).code == 0
    assert (tmp_path / "o.png").is_file()


def test_every_operator_of_a_classic_network_is_painted_with(
    nst: Nst, tmp_path: Path, photos: tuple[str, str]
) -> None:
    """LRN of AlexNet and GoogLeNet, with Split between grouped convolutions."""
    middle = [
        helper.make_node("LRN", ["r1"], ["normal"], size=5, alpha=1e-4, beta=0.75),
        helper.make_node("Split", ["normal"], ["a", "b"], axis=1),
        helper.make_node("Concat", ["b", "a"], ["n1"], axis=1),
    ]
    path = network(tmp_path / "n.onnx", middle, opset=13)
    outcome = nst("models", "add", str(path), "--name", "classic", *PREPROCESSING)
    assert (outcome.code, outcome.err) == (0, "")
    line = [
        "stylize",
        *photos,
        "-o",
        str(tmp_path / "o.png"),
        "--model",
        "classic",
        "--size",
        "48",
        "--steps",
        "3",
    ]
    assert nst(*line).code == 0


@pytest.fixture
def photos(tmp_path: Path) -> tuple[str, str]:
    from support.pictures import smooth_picture

    names = tmp_path / "content.png", tmp_path / "style.png"
    for seed, name in enumerate(names):
        smooth_picture(48, 48, seed=seed).save(name)
    return str(names[0]), str(names[1])
