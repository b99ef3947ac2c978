"""Training of the painter: a few steps, resumed bit for bit, and its ONNX graph against PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import exporter
from support.pictures import smooth_picture

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.runtime import choose

torch = pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
architecture = exporter.module("painter.architecture")
loss_networks = exporter.module("painter.loss_networks")
initial_weights = exporter.module("painter.initial_weights")
network = exporter.module("painter.network")
onnx_graph = exporter.module("painter.onnx_graph")
train = exporter.module("painter.train")

SMALL = architecture.Architecture(
    full=4, half=4, wide=6, quarter=6, eighth=8, eighth_blocks=1, quarter_blocks=1, hidden=8
)
SETTINGS = train.Settings(steps=6, batch=2, crop=32, styles=4, learning_rate=3e-3, architecture=SMALL)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # small tensors, and the same sums every time


def pictures(*seeds: int) -> list[np.ndarray]:
    return [np.asarray(smooth_picture(70, 80, seed=seed).convert("RGB")) for seed in seeds]


@pytest.fixture(scope="module")
def judges() -> list[Any]:
    return [loss_networks.of_compact(catalogue.locate("compact"), "cpu")]


def run(judges: list[Any], **more: Any) -> Any:
    return train.train(pictures(1, 2), pictures(3, 4), judges, SETTINGS, **more)


def arrays(painter: Any) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in painter.state_dict().items()}


def test_a_run_resumes_bit_for_bit(judges: list[Any], tmp_path: Path) -> None:
    whole = run(judges)
    seen: list[int] = []

    class StopError(Exception):
        pass

    def stop(step: int, found: Any) -> None:
        if step == 4:
            raise StopError

    with pytest.raises(StopError):
        run(judges, saved=train.Saved(tmp_path / "x.pt", 3), report=stop)
    resumed = run(judges, saved=train.Saved(tmp_path / "x.pt", 3), on_resume=seen.append)
    assert seen == [3]
    assert arrays(resumed) == arrays(whole)


def test_the_loss_falls(judges: list[Any]) -> None:
    losses: list[float] = []
    settings = train.Settings(steps=80, batch=2, crop=32, styles=1, learning_rate=1e-2, architecture=SMALL)
    train.train(
        pictures(1),
        pictures(3),
        judges,
        settings,
        report=lambda step, found: losses.append(found["style0"]),
    )
    assert losses[-1] < 0.97 * losses[0]  # a running average over some fifty steps


def test_a_checkpoint_of_another_run(judges: list[Any], tmp_path: Path) -> None:
    run(judges, saved=train.Saved(tmp_path / "x.pt"))
    other = train.Settings(steps=6, batch=2, crop=32, styles=4, learning_rate=1e-3, architecture=SMALL)
    with pytest.raises(OptionError, match="learning_rate"):
        train.train(pictures(1), pictures(3), judges, other, saved=train.Saved(tmp_path / "x.pt"))
    (tmp_path / "y.pt").write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match="not a checkpoint"):
        run(judges, saved=train.Saved(tmp_path / "y.pt"))


def test_the_graph_computes_the_same(judges: list[Any], tmp_path: Path) -> None:
    """ONNX stores the weights as float16: the same weights, rounded, in PyTorch."""
    painter = run(judges)
    for name, tensor in painter.state_dict().items():
        if name not in ("centre", "spread"):
            tensor.copy_(tensor.half().float())
    model = onnx_graph.of_painter(painter, judges[0].style)
    path = tmp_path / "painter.onnx"
    path.write_bytes(model.SerializeToString())
    ours = Painter.load(path, choose("cpu"))
    rng = np.random.default_rng(0)
    statistics = rng.normal(10, 30, ours.statistics).astype(np.float32)
    image = rng.random((24, 40, 3), np.float32)
    with torch.no_grad():
        style = painter.predict(torch.tensor(statistics)[None], torch.tensor([0.7]))
        framed, noise = map(torch.tensor, ours._framed(image).values())
        painted = painter.paint(framed, noise, style)[..., 32:56, 32:72].numpy()
    found = ours._predicted(statistics, 0.7)
    predicted = SMALL.predicted_size
    assert np.abs(found[:predicted] - style[0].numpy()).max() < 2e-2
    found[:predicted] = style[0].numpy()
    assert (
        np.abs(ours.forward(image, found) - painted).max() < 5e-4
    )  # kernels in the vector are rounded again


def test_a_training_begins_with_a_painter(judges: list[Any], tmp_path: Path) -> None:
    """All weights are back as float16 has them, and training goes on from them."""
    trained = run(judges)
    path = tmp_path / "painter.onnx"
    path.write_bytes(onnx_graph.of_painter(trained, judges[0].style).SerializeToString())
    start = initial_weights.read(path, SMALL)
    for name, tensor in trained.state_dict().items():
        assert start[name] == pytest.approx(tensor.numpy(), rel=2e-3, abs=1e-6), name
    seen: list[float] = []
    run(judges, start=start, report=lambda step, found: seen.append(found["style0"]))
    fresh: list[float] = []
    run(judges, report=lambda step, found: fresh.append(found["style0"]))
    assert seen[0] < fresh[0]


def test_a_run_with_another_start_does_not_resume(judges: list[Any], tmp_path: Path) -> None:
    start = run(judges).arrays()
    saved = train.Saved(tmp_path / "x.pt", 3)
    once = run(judges, start=start, saved=saved)
    assert arrays(run(judges, start=start, saved=saved)) == arrays(once)
    with pytest.raises(OptionError, match="another start"):
        run(judges, saved=saved)
    with pytest.raises(OptionError, match="another start"):
        run(judges, start={name: value + 1 for name, value in start.items()}, saved=saved)


def test_a_start_of_another_form(judges: list[Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a painter of this form"):
        initial_weights.read(catalogue.locate("compact"), SMALL)
    path = tmp_path / "painter.onnx"
    path.write_bytes(onnx_graph.of_painter(run(judges), judges[0].style).SerializeToString())
    with pytest.raises(ModelError, match="not a painter of this form"):
        initial_weights.read(path, architecture.Architecture())
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        initial_weights.read(path, SMALL)
    fewer = {name: value for name, value in run(judges).arrays().items() if name != "centre"}
    with pytest.raises(OptionError, match="other layers"):
        run(judges, start=fewer)


def test_a_mean_of_weights() -> None:
    start, end = {"a": np.zeros(2, np.float32)}, {"a": np.array([1, -4], np.float32)}
    assert initial_weights.blended(start, end, 0.25)["a"].tolist() == [0.25, -1]
    assert initial_weights.blended(start, end, 1.0)["a"].tolist() == [1, -4]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, seeds in {"photos": (1, 2), "paintings": (3, 4)}.items():
        (tmp_path / name).mkdir()
        for seed in seeds:
            smooth_picture(100, 110, seed=seed).save(tmp_path / name / f"{seed}.png")
    out = tmp_path / "painter.onnx"
    words = ["painter", str(catalogue.locate("compact")), "-o", str(out), "--steps", "1", "--batch", "1"]
    words += ["--crop", "32", "--styles", "2", "--photos", str(tmp_path / "photos")]
    code = exporter.module("__main__").main([*words, "--paintings", str(tmp_path / "paintings")])
    assert code == 0
    assert Painter.load(out, choose("cpu")).statistics == 512
    with Image.open(tmp_path / "photos" / "1.png") as image:
        assert image.size == (110, 100)
    again = tmp_path / "again.onnx"
    alone = [*words, "--blend", "0.5", "--paintings", str(tmp_path / "paintings")]
    assert exporter.module("__main__").main(alone) == 1
    assert "--blend needs the painter" in capsys.readouterr().err
    words[words.index(str(out))] = str(again)
    words += ["--start", str(out), "--blend", "0"]
    assert exporter.module("__main__").main([*words, "--paintings", str(tmp_path / "paintings")]) == 0
    old, new = (initial_weights.read(path, architecture.Architecture()) for path in (out, again))
    for name, value in old.items():
        assert new[name] == pytest.approx(value, rel=2e-3), name
