"""`python -m export`: what needs neither TensorFlow nor PyTorch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import exporter
import networks
import numpy as np
import onnx
import pytest

from nst_onnx.models import extractor, metadata, vgg
from nst_onnx.models.weights import Weights

command = exporter.module("__main__")
compact = exporter.module("compact")

pytestmark = pytest.mark.filterwarnings("ignore::nst_onnx.models.fingerprint.ModelWarning")


@pytest.fixture
def weight_file(tmp_path: Path) -> Path:
    file = tmp_path / "weights.npz"
    compact.write(file, networks.vgg_weights().layers)
    return file


def save(weights: Weights, path: Path) -> Path:
    model = vgg.build(weights)
    onnx.save(model, path)
    return path


def test_weights_become_a_model(weight_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    assert command.main(["weights", str(weight_file), "-o", str(out)]) == 0
    loaded = extractor.load(out)
    assert loaded.layers == tuple(networks.vgg_weights().layers)
    assert "MaxPool" in {node.op_type for node in loaded.proto.graph.node}


def test_weights_with_average_pooling_and_halved(weight_file: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    assert command.main(["weights", str(weight_file), "-o", str(whole), "--average"]) == 0
    assert command.main(["weights", str(weight_file), "-o", str(half), "--average", "--half"]) == 0
    assert "AveragePool" in {node.op_type for node in onnx.load(half).graph.node}
    assert command.main(["verify", str(half), str(whole)]) == 1
    assert command.main(["verify", str(half), str(whole), "--limit", "0.01"]) == 0


def test_compact_arrays_become_the_compact_model(tmp_path: Path) -> None:
    arrays, out = tmp_path / "arrays.npz", tmp_path / "out.onnx"
    compact.write(arrays, networks.vgg_weights(widths=(8, 8, 8)).layers)
    assert command.main(["compact", str(arrays), "-o", str(out)]) == 0
    facts = metadata.read(onnx.load(out))
    assert facts is not None
    assert facts.name == "compact"


def test_verify_tells_models_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = save(networks.vgg_weights(), tmp_path / "one.onnx")
    weights = networks.vgg_weights()
    kernel, bias = weights.layers["conv3_1"]
    weights.layers["conv3_1"] = kernel * np.float32(1.01), bias
    other = save(weights, tmp_path / "other.onnx")
    assert command.main(["verify", str(one), str(one)]) == 0
    assert "maximum relative error 0.0e+00, allowed 1e-04" in capsys.readouterr().out
    assert command.main(["verify", str(one), str(other)]) == 1
    assert capsys.readouterr().err.startswith("error: the activations of conv")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("weights nowhere.h5 -o out.onnx", "nowhere.h5 does not exist"),
        ("weights weights.npz -o out.bin", "out.bin does not end in .onnx"),
        ("weights weights.npz -o no/folder/out.onnx", "there is no folder"),
        ("weights weights.npz", "missing option"),
        ("compact weights.onnx -o out.onnx", "weights.onnx cannot be read"),
        ("compact text.npz -o out.onnx", "text.npz is not an .npz file"),
        ("keras resnet -o out.onnx", "'resnet' is neither vgg19 nor vgg16 nor a .keras or .h5 file"),
        ("keras model.keras --weights w.h5 -o out.onnx", "--weights goes with vgg19 and vgg16 only"),
        ("keras model.keras -o out.onnx", "model.keras does not say how it wants its picture"),
        ("keras model.keras --preprocessing odd -o out.onnx", "preprocessing 'odd' makes no sense"),
        ("verify nowhere.onnx vgg19", "nowhere.onnx does not exist"),
        ("verify text.npz vgg19", "text.npz is not an ONNX model"),
        ("distill weights.npz nowhere -o out.onnx", "out.onnx does not end in .npz"),
        ("paint", "no such command 'paint'"),
    ],
)
def test_errors_are_one_line(
    line: str,
    message: str,
    weight_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(weight_file.parent)
    Path("text.npz").write_text("nothing of the kind")
    before = sorted(Path().rglob("*"))
    assert command.main(line.split()) != 0
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert told.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("library", "line", "extra"),
    [
        ("tensorflow", "keras vgg19 --weights random -o out.onnx", "export"),
        ("torch", "distill weights.npz . -o out.npz", "train"),
    ],
)
def test_a_missing_library_is_named(
    library: str, line: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec(library) is not None:
        pytest.skip(f"{library} is installed here")
    assert command.main(line.split()) == 1
    assert f"nst-onnx[{extra}]" in capsys.readouterr().err


def test_debug_lets_the_error_through() -> None:
    with pytest.raises(Exception, match="does not exist"):
        command.main(["--debug", "weights", "nowhere.h5", "-o", "out.onnx"])
