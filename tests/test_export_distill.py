from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import exporter
import independent
import networks
import numpy as np
import pytest

from nst_onnx.errors import DeviceError, ModelError, OptionError

torch = pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
distill = exporter.module("distill")
student = exporter.module("student")
crops = exporter.module("training_crops")
Collection = exporter.module("training_pictures").Collection

SETTINGS = distill.Settings(width=0.5, blocks=2, steps=6, batch=2, learning_rate=3e-3)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # small tensors, and the same sums every time


def teacher() -> object:
    return networks.vgg_weights(widths=(16, 20, 24))


def source() -> object:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (12, 14, 3)).astype(np.uint8)
    return crops.Crops([Collection((coarse.repeat(4, 0).repeat(4, 1),), 1.0)], 16)


def same(one: Mapping[str, tuple], other: Mapping[str, tuple]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(a, b) for name in one for a, b in zip(one[name], other[name], strict=True)
    )


def test_the_student_learns() -> None:
    settings = replace(SETTINGS, steps=300, learning_rate=0.02)
    seen: list[dict[str, float]] = []
    layers, final = distill.distill(
        teacher(), source(), settings, report=lambda step, left: seen.append(dict(left))
    )
    assert len(seen) == 300
    assert {name: kernel.shape[:2] for name, (kernel, _) in layers.items()} == {
        "conv1_1": (8, 3),
        "conv1_2": (8, 8),
        "conv2_1": (10, 8),
        "conv2_2": (10, 10),
    }
    assert final.keys() == {"conv1_1", "conv2_1"}
    # A student that has learnt nothing guesses the mean and leaves 1 unexplained.
    assert all(value < 0.7 for value in final.values()), final


def test_the_loss_is_the_unexplained_fraction_of_variance() -> None:
    """Held against numpy in float64, for an untrained student whose heads are made to guess something."""
    network = teacher()
    batches = distill.Batches(source(), network.preprocessing, SETTINGS)
    objective = distill.Objective.of(network, batches, SETTINGS)
    pupil = student.untrained(
        {n: network.layers[n] for n in objective.teacher},
        ["conv1_1", "conv2_1"],
        width=0.5,
        input_scale=64.0,
        seed=0,
        device="cpu",
    )
    with torch.no_grad():
        for kernel, _ in pupil.heads.values():
            kernel += 0.1
    batch = batches(0)
    found = {name: value.item() for name, value in objective.unexplained(pupil, batch).items()}

    matrix, offset = network.preprocessing.affine()
    rgb = np.einsum("ij,njhw->nhwi", np.linalg.inv(matrix), batch.numpy() - offset[:, None, None])
    taught = [independent.vgg(network.layers, "average")(picture) for picture in rgb]
    learnt = [independent.vgg(pupil.arrays(), "average")(picture) for picture in rgb]
    for name, (kernel, bias) in pupil.heads.items():
        mean, std = (t[name].numpy().astype(np.float64)[0] for t in (objective.mean, objective.std))
        head, shift = kernel.detach().numpy()[:, :, 0, 0], bias.detach().numpy()[:, None, None]
        squares = [
            np.mean((mean + std * (np.einsum("oi,ihw->ohw", head, own[name]) + shift) - wanted[name]) ** 2)
            for own, wanted in zip(learnt, taught, strict=True)
        ]
        assert found[name] == pytest.approx(np.mean(squares) / np.mean(std**2), rel=1e-4)


def test_a_seed_gives_the_same_network_again() -> None:
    one, _ = distill.distill(teacher(), source(), SETTINGS)
    again, _ = distill.distill(teacher(), source(), SETTINGS)
    other, _ = distill.distill(teacher(), source(), replace(SETTINGS, seed=1))
    assert same(one, again)
    assert not same(one, other)


def test_a_run_goes_on_as_if_it_had_not_been_broken_off(tmp_path: Path) -> None:
    whole, score = distill.distill(teacher(), source(), SETTINGS)
    checkpoint = tmp_path / "run.pt"

    def break_off(step: int, left: Mapping[str, float]) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distill.distill(teacher(), source(), SETTINGS, checkpoint=checkpoint, save_every=2, report=break_off)
    steps: list[int] = []
    resumed, resumed_score = distill.distill(
        teacher(), source(), SETTINGS, checkpoint=checkpoint, report=lambda step, left: steps.append(step)
    )
    assert steps == [5, 6]
    assert same(resumed, whole)
    assert resumed_score == score
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_another_run_can_be_started_from(tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=60)
    _, before = distill.distill(teacher(), source(), settings, checkpoint=tmp_path / "first.pt")
    still = replace(SETTINGS, steps=1, learning_rate=1e-9)
    _, after = distill.distill(teacher(), source(), still, start=tmp_path / "first.pt")
    assert after == pytest.approx(before, rel=1e-3)


def test_the_learning_rate_rises_and_falls() -> None:
    settings = replace(SETTINGS, steps=2000, learning_rate=1.0)
    rates = [distill.learning_rate(step, settings) for step in range(2000)]
    top = int(np.argmax(rates))
    assert top == distill.WARM_UP - 1
    assert np.all(np.diff(rates[: top + 1]) > 0)
    assert np.all(np.diff(rates[top:]) < 0)
    assert rates[-1] == pytest.approx(distill.LOWEST, abs=1e-4)


@pytest.mark.parametrize(
    "changed", [{"width": 0.0}, {"width": 1.5}, {"steps": 0}, {"batch": -1}, {"learning_rate": 0.0}]
)
def test_settings_that_make_no_sense(changed: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        distill.distill(teacher(), source(), replace(SETTINGS, **changed))


def test_unknown_device() -> None:
    with pytest.raises(DeviceError, match="'abacus'"):
        distill.distill(teacher(), source(), replace(SETTINGS, device="abacus"))


def test_checkpoints_that_do_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    file.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a checkpoint"):
        distill.distill(teacher(), source(), SETTINGS, checkpoint=file)
    torch.save({"step": 3}, file)
    with pytest.raises(ModelError, match="it lacks heads, layers, optimiser, settings"):
        distill.distill(teacher(), source(), SETTINGS, start=file)
    file.unlink()
    distill.distill(teacher(), source(), SETTINGS, checkpoint=file)
    with pytest.raises(OptionError, match="another seed"):
        distill.distill(teacher(), source(), replace(SETTINGS, seed=1), checkpoint=file)
    with pytest.raises(OptionError, match="another shape"):
        distill.distill(teacher(), source(), replace(SETTINGS, width=0.9), start=file)
