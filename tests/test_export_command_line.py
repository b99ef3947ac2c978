"""`python -m export`: what needs no TensorFlow. Only `distill` needs PyTorch."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support import exporter, networks, weight_files
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.models import extractor, vgg
from nst_onnx.models.weights import Weights

command = exporter.module("__main__")
compact = exporter.module("distil.network")

pytestmark = pytest.mark.filterwarnings("ignore::nst_onnx.models.kernel_layout.ModelWarning")


@pytest.fixture
def weight_file(tmp_path: Path) -> Path:
    return weight_files.write_npz(tmp_path / "weights.npz", networks.vgg_weights().layers)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `distill` paint tiny pictures in a few steps."""
    painted_rounds = exporter.module("distil.painted_rounds")
    monkeypatch.setattr(painted_rounds, "STEPS", (3,))
    monkeypatch.setattr(painted_rounds, "StudentPaintings", partial(painted_rounds.StudentPaintings, size=20))
    monkeypatch.setattr(exporter.module("distil.dead_leaves"), "COUNT", 2)


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


@pytest.mark.usefixtures("few_steps")
def test_a_network_is_distilled_painted_with_and_started_from(
    weight_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        smooth_picture(40, 50, number).save(tmp_path / "pictures" / f"{number}.png")
    out = tmp_path / "narrow.onnx"
    words = f"distill {weight_file} {tmp_path / 'pictures'} --batch 2 --crop 16 --device cpu --painter cpu"
    once = f"{words} --steps 4 --last conv2_2 --channels 4,5,6,7 --rounds 1 --painted 2"
    kept = f"--checkpoint {tmp_path / 'run.pt'}"
    assert command.main([*once.split(), *kept.split(), "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert f"painted 2 pictures with it, in {tmp_path / 'narrow.painted' / 'round-1'}" in printed
    assert "at the end, on other crops: conv1_1 " in printed
    assert printed.splitlines()[-1].startswith(f"wrote {out}")
    assert sorted(p.name for p in (tmp_path / "narrow.painted" / "round-1").iterdir()) == [
        *("000.png", "001.png", "network.onnx")
    ]
    layers, read_outs = compact.read(out)
    assert [len(bias) for _, bias in layers.values()] == [4, 5, 6, 7]
    assert list(read_outs) == ["conv1_1", "conv2_1", "conv2_2"]
    loaded = extractor.load(out)
    assert (loaded.facts.name, loaded.layers) == ("compact", tuple(layers))
    assert loaded.facts.sha256 == hashlib.sha256(weight_file.read_bytes()).hexdigest()

    picture = nst_onnx.Stylizer(out, "cpu", threads=1).stylize(
        *(np.asarray(smooth_picture(20, 24, seed)) for seed in (5, 6)), size=24, steps=4
    )
    assert picture.image.size == (24, 20)
    assert picture.history[-1]["total"] < picture.history[0]["total"]

    # The same command finds nothing left to do and writes the same network again.
    before = out.read_bytes()
    capsys.readouterr()
    assert command.main([*once.split(), *kept.split(), "-o", str(out)]) == 0
    assert "resuming at step" in capsys.readouterr().out
    assert out.read_bytes() == before
    wider = tmp_path / "wider.onnx"
    more = (
        f"{words} --steps 1 --last conv2_2 --channels 5,6,7,8 --leaves 0 --learning-rate 1e-9 --start {out}"
    )
    assert command.main([*more.split(), "-o", str(wider)]) == 0
    for name, (kernel, _) in compact.read(wider)[0].items():
        assert len(kernel) == len(layers[name][0]) + 1


@pytest.mark.parametrize(("leaves", "shares"), [("0", [1]), ("0.25", [0.75, 0.25])])
@pytest.mark.usefixtures("few_steps")
def test_dead_leaves_are_added_to_the_pictures(
    leaves: str, shares: list[float], weight_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
    distill = exporter.module("distil.train")
    smooth_picture(40, 50, 1).save(weight_file.parent / "one.png")
    found: list[float] = []

    def look(teacher: Weights, rounds: Any, *given: Any, **named: Any) -> None:
        found.extend(collection.share for collection in rounds(0, None).collections)
        raise KeyboardInterrupt

    monkeypatch.setattr(distill, "distill", look)
    words = f"distill {weight_file} {weight_file.parent} -o {weight_file.with_suffix('.onnx')} --crop 16"
    assert command.main([*words.split(), "--leaves", leaves]) != 0
    assert found == shares


def test_a_missing_painter_device_is_reported_before_training(
    weight_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
    monkeypatch.setattr(
        exporter.module("distil.train"), "distill", lambda *given, **named: pytest.fail("it began")
    )
    line = f"distill {weight_file} . -o out.onnx --rounds 2 --painter abacus"
    monkeypatch.chdir(weight_file.parent)
    tell_one_line(line, "there is no device 'abacus'", capsys)


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
        ("compact weights.npz -o out.onnx", "no such command 'compact'"),
        ("keras resnet -o out.onnx", "'resnet' is neither vgg19 nor vgg16 nor a .keras or .h5 file"),
        ("keras model.keras --weights w.h5 -o out.onnx", "--weights goes with vgg19 and vgg16 only"),
        ("keras model.keras -o out.onnx", "model.keras declares no preprocessing of its picture"),
        ("keras model.keras --preprocessing odd -o out.onnx", "preprocessing 'odd' makes no sense"),
        ("verify nowhere.onnx vgg19", "nowhere.onnx does not exist"),
        ("verify text.npz vgg19", "text.npz is not an ONNX model"),
        ("distill weights.npz nowhere -o out.npz", "out.npz does not end in .onnx"),
        ("distill weights.npz -o out.onnx", "missing argument"),
        ("distill weights.npz . -o out.onnx --leaves 1", "--leaves"),
        ("distill weights.npz . -o out.onnx --crop 0", "--crop"),
        ("distill weights.npz . -o out.onnx --longest 0", "--longest"),
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
    tell_one_line(line, message, capsys)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nowhere.h5 pictures", "nowhere.h5 does not exist"),
        ("weights.npz nowhere", "nowhere is neither a folder nor a tar archive"),
        ("weights.npz pictures --crop 41", "pictures holds no pictures of at least 41 pixels"),
        ("weights.npz pictures=0.5", "the shares of the pictures do not add up to 1"),
        (
            "weights.npz pictures --channels 4,many",
            "--channels takes whole numbers such as 16,32,48, not '4,many'",
        ),
        ("weights.npz pictures --channels 4,5", "8 layers need as many numbers of channels, not 2"),
        ("weights.npz pictures --channels 4,5,6,0 --last conv2_2", "a layer needs a channel at least, not 0"),
        ("weights.npz pictures --last conv9_1", "the teacher has no layer 'conv9_1'"),
        ("weights.npz pictures --width 2", "--width must be above 0 and at most 1, not 2"),
        ("weights.npz pictures --looks 0", "--steps, --batch, --looks and --learning-rate must be positive"),
        ("weights.npz pictures --rounds 9 --steps 9", "--rounds must be fewer than --steps"),
        ("weights.npz pictures --device abacus", "PyTorch cannot use 'abacus'"),
        ("weights.npz pictures --start weights.npz", "weights.npz is not an ONNX model"),
        ("weights.npz pictures --checkpoint weights.npz", "weights.npz is not a checkpoint"),
    ],
)
@pytest.mark.usefixtures("few_steps")
def test_errors_of_distillation_are_one_line(
    line: str,
    message: str,
    weight_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
    monkeypatch.chdir(weight_file.parent)
    Path("pictures").mkdir()
    smooth_picture(40, 50, 1).save("pictures/one.png")
    settings = "--steps 1 --batch 1 --painter cpu" + " --crop 16" * ("--crop" not in line)
    tell_one_line(f"distill -o out.onnx {settings} {line}", message, capsys)


def tell_one_line(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.npz").write_text("nothing of the kind")
    before = sorted(Path().rglob("*"))
    assert command.main(line.split()) != 0
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert message in printed
    assert printed.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("library", "line", "extra"),
    [
        ("tensorflow", "keras vgg19 --weights random -o out.onnx", "export"),
        ("torch", "distill weights.npz . -o out.onnx", "train"),
    ],
)
def test_a_missing_library_is_named(
    library: str, line: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec(library) is not None:
        pytest.skip(f"{library} is installed here")
    assert command.main(line.split()) == 1
    assert f"nst-onnx[{extra}]" in capsys.readouterr().err


def test_debug_raises_the_error() -> None:
    with pytest.raises(Exception, match="does not exist"):
        command.main(["--debug", "weights", "nowhere.h5", "-o", "out.onnx"])
