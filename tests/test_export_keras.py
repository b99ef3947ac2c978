"""Keras models through tf2onnx, for real. Needs TensorFlow (the extra [export])."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from support import exporter

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.models import extractor, readers, vgg
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import CAFFE, Preprocessing
from nst_onnx.models.weights import DEPTHS, layer_names

pytest.importorskip("tensorflow", reason="TensorFlow (the extra [export]) is not installed")
pytest.importorskip("tf2onnx", reason="tf2onnx (the extra [export]) is not installed")

command = exporter.module("__main__")
graph_form = exporter.module("graph_form")
keras_models = exporter.module("keras")
verify = exporter.module("verify")

keras, *_ = keras_models.libraries()
layers = keras.layers
TF = Preprocessing("RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def varied() -> Any:
    """A model with what Keras models are made of, for 32×32 pictures, and a classifier behind it."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 5, padding="same", activation="relu", name="stem")(picture)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(layers.ZeroPadding2D(1)(x))
    x = layers.ReLU(name="normalised")(layers.BatchNormalization()(x))
    left = layers.Conv2D(4, 1, activation="relu", name="left")(x)
    right = layers.Conv2D(4, 3, padding="same", activation="elu", name="right")(x)
    x = layers.Add(name="sum")([layers.Concatenate()([left, right]), x])
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.ReLU(6.0, name="clipped")(x)
    x = layers.LeakyReLU(name="leaky")(layers.Conv2D(8, 2, padding="same")(x))
    gate = layers.Conv2D(8, 1, activation="sigmoid", name="gate")(
        layers.GlobalAveragePooling2D(keepdims=True)(x)
    )
    x = layers.Activation("relu", name="relu4_1")(layers.Multiply()([x, gate]))
    x = layers.Dense(10, activation="softmax", name="classes")(layers.Flatten()(layers.MaxPooling2D()(x)))
    model = keras.Model(picture, x, name="varied")
    rng = np.random.default_rng(5)
    for layer in model.layers:  # a BatchNormalization that has never been trained does nothing
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "varied.keras"
    varied().save(file)
    return file


@pytest.fixture(scope="module")
def vgg19() -> tuple[Any, onnx.ModelProto]:
    """VGG-19 with random weights, and what tf2onnx makes of it."""
    made = keras_models.application("vgg19", "random", seed=2)
    return made, keras_models.convert(made)


def run(model: onnx.ModelProto, batch: np.ndarray) -> dict[str, np.ndarray]:
    return dict(verify.of_onnx(model)(batch))


def test_command_exports_any_model(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "varied.onnx"
    line = ["keras", str(saved), "-o", str(out), "--preprocessing", "tf", "--licence", "MIT"]
    assert command.main([*line, "--style-layers", "stem,left", "--content-layers", "block4_conv1"]) == 0
    assert "ONNX against Keras: maximum relative error" in capsys.readouterr().out
    loaded = extractor.load(out)
    expected = ("stem", "normalised", "left", "right", "clipped", "leaky", "conv4_1")
    assert set(loaded.layers) == set(expected)
    assert loaded.facts.name == "varied"
    assert loaded.facts.preprocessing == TF
    assert loaded.facts.style_layers == ("stem", "left")
    assert loaded.facts.content_layers == ("conv4_1",)
    assert (loaded.facts.source, loaded.facts.licence) == ("varied.keras", "MIT")
    assert loaded.facts.sha256 == readers.sha256(saved)
    assert command.main(["verify", str(out), str(saved)]) == 0


def test_graph_has_the_form_of_the_contract() -> None:
    model = keras_models.convert(keras_models.from_model(varied(), TF))
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(o.domain, o.version) for o in model.opset_import]) == (8, [("", 17)])
    assert graph_form.transposes(model) == []
    operators = {node.op_type for node in model.graph.node}
    assert "BatchNormalization" not in operators  # folded into the convolution before it
    assert "Identity" not in operators
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [0, 3, 0, 0]


def test_transposes_that_remain_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TensorFlow moves pixels into the batch for a dilated convolution; that is right, and verifies."""
    picture = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="relu", name="dilated")(picture)
    file, out = tmp_path / "dilated.keras", tmp_path / "dilated.onnx"
    keras.Model(picture, x).save(file)
    assert command.main(["keras", str(file), "-o", str(out), "--preprocessing", "unit"]) == 0
    assert "transposes remain" in capsys.readouterr().out
    assert extractor.load(out).layers == ("dilated",)


def test_activations_are_those_of_the_saved_model() -> None:
    """At the size that the model was made for, against Keras's own predict."""
    model = varied()
    proto = keras_models.convert(keras_models.from_model(model, TF))
    rng = np.random.default_rng(0)
    batch = rng.uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    found = run(proto, np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))
    for name in ("stem", "right", "clipped", "leaky"):
        expected = keras.Model(model.input, model.get_layer(name).output).predict(batch, verbose=0)
        difference = np.abs(found[name] - expected.transpose(0, 3, 1, 2)).max()
        assert difference < 1e-5 * np.abs(expected).max(), name


def test_a_wrong_conversion_is_refused(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "varied.onnx"
    assert command.main(["keras", str(saved), "-o", str(out), "--preprocessing", "tf"]) == 0
    model = onnx.load(out)
    kernel = next(t for t in model.graph.initializer if len(t.dims) == 4)
    kernel.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(kernel) * np.float32(1.001), kernel.name))
    onnx.save(model, out)
    capsys.readouterr()
    assert command.main(["verify", str(out), str(saved)]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("error: the activations of ")


def test_vgg19_has_its_names_and_facts(vgg19: tuple[Any, onnx.ModelProto]) -> None:
    made, model = vgg19
    assert [o.name for o in model.graph.output] == layer_names(DEPTHS["vgg19"])
    assert {node.op_type for node in model.graph.node} == {"Conv", "Relu", "MaxPool"}
    assert made.facts.preprocessing == CAFFE
    assert made.facts.content_layers == ("conv4_2",)
    assert made.facts.style_layers == tuple(f"conv{block}_1" for block in range(1, 6))


def test_vgg19_verifies(vgg19: tuple[Any, onnx.ModelProto]) -> None:
    made, model = vgg19
    found = verify.errors(verify.of_onnx(model), verify.of_keras(made), verify.pictures(CAFFE))
    assert len(found) == 16
    verify.require(found)


def test_vgg19_by_tensorflow_equals_vgg19_by_our_reader(
    vgg19: tuple[Any, onnx.ModelProto], tmp_path: Path
) -> None:
    """Two ways that share nothing: Keras and tf2onnx, and the reader of Keras's weight files."""
    made, model = vgg19
    file = tmp_path / "vgg19.weights.h5"
    made.model.save_weights(file)
    with pytest.warns(ModelWarning):  # nothing that the reader knows
        own = vgg.build(readers.read_weights(file))
    found = verify.errors(verify.of_onnx(own), verify.of_onnx(model), verify.pictures(CAFFE))
    assert max(found.values()) < 1e-5


@pytest.mark.parametrize("include_top", [False, True])
def test_weights_come_from_files_with_and_without_the_classifier(
    include_top: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is VGG-19 without blocks 3-5: whole files with the classifier have half a gigabyte."""

    def short(weights: None, include_top: bool) -> Any:
        picture = keras.Input((64, 64, 3) if include_top else (None, None, 3))
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1")(picture)
        x = layers.MaxPooling2D(name="block1_pool")(x)
        x = layers.Conv2D(5, 3, padding="same", activation="relu", name="block2_conv1")(x)
        if include_top:
            x = layers.Dense(7, name="predictions")(layers.Flatten(name="flatten")(x))
        return keras.Model(picture, x, name="vgg19")

    monkeypatch.setattr(keras.applications, "VGG19", short)
    original = short(None, include_top)
    for suffix in (".weights.h5", ".h5"):
        file = tmp_path / f"vgg19{suffix}"
        original.save_weights(file) if suffix == ".weights.h5" else original.save(file)
        loaded = keras_models.application("vgg19", str(file))
        assert loaded.facts.sha256 == readers.sha256(file)
        for name in ("block1_conv1", "block2_conv1"):
            stored, read = (m.get_layer(name).get_weights() for m in (original, loaded.model))
            np.testing.assert_array_equal(read[0], stored[0])
            np.testing.assert_array_equal(read[1], stored[1])


def test_halved_file_is_half_as_big(saved: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    line = ["keras", str(saved), "--preprocessing", "tf", "-o"]
    assert command.main([*line, str(whole)]) == 0
    assert command.main([*line, str(half), "--half"]) == 0
    stored = {t.data_type for t in onnx.load(half).graph.initializer if len(t.dims) == 4}
    assert stored == {onnx.TensorProto.FLOAT16}
    assert extractor.load(half).layers == extractor.load(whole).layers


def test_models_that_cannot_be_extractors() -> None:
    picture = keras.Input((None, None, 3))
    linear = keras.Model(picture, layers.Conv2D(4, 3)(picture), name="linear")
    with pytest.raises(ModelError, match="linear has no layers with activations"):
        keras_models.from_model(linear, TF)
    gray = keras.Input((None, None, 1))
    with pytest.raises(ModelError, match=r"takes \?×\?×\?×1, not one N×H×W×3 picture"):
        keras_models.from_model(keras.Model(gray, layers.Conv2D(4, 3, activation="relu")(gray)), TF)
    nested = keras.Sequential([picture, varied_free(), layers.GlobalAveragePooling2D()])
    with pytest.raises(ModelError, match="no layers with activations") as caught:
        keras_models.from_model(nested, TF)
    assert "inner" in caught.value.hint
    with pytest.raises(OptionError, match="no layer 'conv9_9'"):
        keras_models.from_model(varied(), TF, style_layers=("conv9_9",))


def varied_free() -> Any:
    picture = keras.Input((None, None, 3))
    return keras.Model(picture, layers.Conv2D(4, 3, activation="relu")(picture), name="inner")


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        keras_models.saved(tmp_path / "nowhere.keras", TF)
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"Keras cannot load .*broken\.keras"):
        keras_models.saved(broken, TF)
    weights = tmp_path / "inner.weights.h5"
    varied_free().save_weights(weights)
    with pytest.raises(ModelError) as caught:
        keras_models.saved(weights, TF)
    assert "weights alone" in caught.value.hint
    with pytest.raises(ModelError, match="into VGG16"):
        keras_models.application("vgg16", str(weights))
