from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exporter, independent, networks

from nst_onnx.errors import DeviceError, ModelError, OptionError

torch = pytest.importorskip("torch", reason="PyTorch (the extra [train]) is not installed")
initial_weights = exporter.module("distil.initial_weights")
compact = exporter.module("distil.network")
crops = exporter.module("distil.crops")
distill = exporter.module("distil.train")
painted_rounds = exporter.module("distil.painted_rounds")
student = exporter.module("distil.student")
Collection = exporter.module("distil.pictures").Collection

SETTINGS = distill.Settings(width=0.5, last="conv2_2", steps=6, batch=2, looks=2, learning_rate=3e-3)
STILL = replace(SETTINGS, steps=1, learning_rate=1e-9)  # all stays as the training begins
LOOKED_AT = ("conv1_1", "conv2_1", "conv2_2")
Layers = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # small tensors, and the same sums every time


def teacher(*widths: int) -> Any:
    return networks.vgg_weights(widths=widths or (16, 20, 24))


def collection(seed: int = 3) -> Any:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 14, 3)).astype(np.uint8)
    return Collection((coarse.repeat(4, 0).repeat(4, 1),), 1.0)


def rounds(number: int, trainee: object) -> Any:
    """Other pictures in every round, whoever learns."""
    return crops.Crops([collection(3 + number)], 16)


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, bit for bit."""
    return one.unexplained == other.unexplained and arrays(one) == arrays(other)


def arrays(found: Any) -> dict[str, tuple[bytes, ...]]:
    pairs = {name: tuple(array.tobytes() for array in pair) for name, pair in found.layers.items()}
    return pairs | {f"{name}/read_out": (matrix.tobytes(),) for name, matrix in found.read_outs.items()}


def features(layers: Layers, picture: np.ndarray) -> dict[str, np.ndarray]:
    return independent.vgg(layers, "average")(picture)


def seen_by(network: Any, batch: Any) -> np.ndarray:
    """Return the RGB pictures N×H×W×3 in 0..1 that a preprocessed batch shows."""
    matrix, offset = network.preprocessing.affine()
    return np.einsum("ij,njhw->nhwi", np.linalg.inv(matrix), batch.numpy() - offset[:, None, None])


def test_the_loss_of_the_student_falls() -> None:
    settings = replace(SETTINGS, steps=300, learning_rate=0.02)
    seen: list[dict[str, float]] = []
    before = distill.distill(teacher(), rounds, STILL).unexplained
    found = distill.distill(teacher(), rounds, settings, report=lambda step, left: seen.append(dict(left)))
    assert len(seen) == 300
    assert {name: kernel.shape[:2] for name, (kernel, _) in found.layers.items()} == {
        "conv1_1": (8, 3),
        "conv1_2": (8, 8),
        "conv2_1": (10, 8),
        "conv2_2": (10, 10),
    }
    assert {name: matrix.shape for name, matrix in found.read_outs.items()} == {
        name: (len(found.layers[name][1]),) * 2 for name in LOOKED_AT
    }
    assert tuple(found.unexplained) == tuple(seen[-1]) == LOOKED_AT
    for name, left in found.unexplained.items():
        # A head that predicts the mean leaves a fraction of 1 unexplained.
        assert left < min(0.7, 0.9 * before[name]), (name, before)


class Untrained:
    """An objective, and an untrained student with random heads."""

    def __init__(self, **settings: Any) -> None:
        self.network = teacher()
        self.settings = replace(SETTINGS, **settings)
        batches = distill.CropBatches(self.network.preprocessing, self.settings)
        self.batches = partial(batches, rounds(0, None))
        self.objective = distill.Objective.of(self.network, self.batches, self.settings)
        beginning = {name: self.network.layers[name] for name in self.objective.teacher}
        layers = initial_weights.he_normal(beginning, (8, 8, 10, 10), input_scale=64, seed=0)
        rng = np.random.default_rng(0)
        size = self.objective.rms
        guesses = {
            name: size[name] * rng.uniform(0, 0.3, (len(beginning[name][1]), len(layers[name][1])))
            for name in size
        }
        self.trainee = student.trainable(layers, guesses, size, input_scale=64.0, device="cpu")

    def terms(self, number: int = 0) -> tuple[dict[str, float], dict[str, float]]:
        batch = self.objective.teacher_batch(self.batches(number))
        fractions, grams = self.objective.terms(self.trainee, batch)
        return {n: value.item() for n, value in fractions.items()}, {n: v.item() for n, v in grams.items()}


def test_the_loss_is_the_unexplained_variance_and_the_error_of_gram_matrices() -> None:
    """Held against numpy in float64, where every feature that a head tells is computed."""
    untrained = Untrained()
    network, trainee = untrained.network, untrained.trainee
    fractions, grams = untrained.terms()
    looked_at = [
        [features(network.layers, picture) for picture in seen_by(network, untrained.batches(number))]
        for number in range(distill.STATISTICS_BATCHES)
    ]
    pictures = seen_by(network, untrained.batches(0))
    learnt = [features(trainee.arrays(), picture) for picture in pictures]
    taught = [features(network.layers, picture) for picture in pictures]
    assert tuple(fractions) == tuple(grams) == LOOKED_AT
    for name, head in trainee.head_matrices().items():
        size = np.sqrt(np.mean([np.mean(np.square([f[name] for f in batch])) for batch in looked_at]))
        assert trainee.units[name] == pytest.approx(size, rel=1e-4)
        variance = np.mean([np.var([f[name] for f in b], axis=(0, 2, 3), ddof=1).mean() for b in looked_at])
        told = [np.einsum("oi,ihw->ohw", head, own[name]) for own in learnt]
        wanted = [features[name] for features in taught]
        squares = [np.mean((one - other) ** 2) for one, other in zip(told, wanted, strict=True)]
        assert fractions[name] == pytest.approx(np.mean(squares) / variance, rel=1e-4)
        pairs = [
            (independent.gram(one), independent.gram(other)) for one, other in zip(told, wanted, strict=True)
        ]
        errors = [np.sum((one - other) ** 2) / np.sum(other**2) for one, other in pairs]
        assert grams[name] == pytest.approx(np.mean(errors), rel=1e-4)


def test_what_is_minimised_is_their_weighted_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, Any, Any]] = []
    terms = distill.Objective.terms

    def watched(*given: Any) -> Any:
        calls.append(given)
        return terms(*given)

    monkeypatch.setattr(distill.Objective, "terms", watched)
    distill.distill(teacher(), rounds, STILL)
    fractions, grams = terms(*calls[0])  # the student has hardly moved
    wanted = sum(fractions.values()) + distill.GRAM * sum(grams.values())
    parameters = calls[0][1].parameters()
    for tensor, slope in zip(parameters, torch.autograd.grad(wanted, parameters), strict=True):
        assert slope.abs().max() > 0
        assert torch.allclose(tensor.grad, slope, rtol=1e-3, atol=1e-3 * slope.abs().max())


def test_the_first_heads_are_the_best_there_are() -> None:
    """No head tells the teacher's features of what was seen first better than the one to begin with."""
    untrained = Untrained()
    looks = partial(
        distill.CropBatches(untrained.network.preprocessing, STILL),
        rounds(0, None),
        stream=distill._STATISTICS,
    )
    objective = distill.Objective.of(untrained.network, looks, STILL)
    trainee = distill._initial_student(untrained.network, objective, looks, None)
    pictures = np.concatenate(
        [seen_by(untrained.network, looks(n)) for n in range(distill.STATISTICS_BATCHES)]
    )
    learnt = [features(trainee.arrays(), picture) for picture in pictures]
    taught = [features(untrained.network.layers, picture) for picture in pictures]
    for name, head in trainee.head_matrices().items():
        own, wanted = (
            np.hstack([f[name].reshape(len(f[name]), -1) for f in each]) for each in (learnt, taught)
        )
        best = np.linalg.lstsq(own.T, wanted.T, rcond=None)[0].T
        left = [np.mean((matrix @ own - wanted) ** 2) for matrix in (head, best)]
        assert left[0] == pytest.approx(left[1], rel=1e-3)


def test_bfloat16_computes_nearly_the_same() -> None:
    exact, rough = Untrained(), Untrained(bfloat16=True)
    for term, other in zip(exact.terms(), rough.terms(), strict=True):
        assert term == pytest.approx(other, rel=0.05)
        assert term != other
    found = distill.distill(teacher(), rounds, replace(SETTINGS, steps=2, bfloat16=True))
    assert all(np.isfinite(left) for left in found.unexplained.values())


def test_a_seed_gives_the_same_network_again() -> None:
    one, again = (distill.distill(teacher(), rounds, SETTINGS) for _ in range(2))
    other = distill.distill(teacher(), rounds, replace(SETTINGS, seed=1))
    assert same(one, again)
    assert not same(one, other)


def interrupted_after(after: int | str) -> Any:
    """Return a report that interrupts a run after so many steps."""

    def report(step: int, left: Mapping[str, float]) -> None:
        if step == after:
            raise KeyboardInterrupt

    return report


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = distill.distill(teacher(), rounds, SETTINGS)
    run = partial(distill.distill, teacher(), rounds, SETTINGS, checkpoint=tmp_path / "run.pt")
    with pytest.raises(KeyboardInterrupt):
        run(save_every=2, report=interrupted_after(5))
    steps: list[int] = []
    known: list[int] = []
    resumed = run(report=lambda step, left: steps.append(step), on_resume=known.append)
    assert known == [4]
    assert steps == [5, 6]
    assert same(resumed, whole)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert same(run(report=interrupted_after(1)), whole)  # nothing is left to do


def test_rounds_divide_a_run() -> None:
    """Each starts once, with the current student; a batch is made of the pictures of its own round."""
    settings = replace(SETTINGS, steps=10, rounds=3, looks=3)
    steps: list[int] = []
    asked: list[tuple[int, int, bool]] = []
    given: dict[int, Any] = {}

    def watched(number: int, trainee: Any) -> Any:
        asked.append((number, len(steps), trainee is None))
        if trainee is not None:
            given[number] = trainee.arrays()["conv1_1"][0]
        return rounds(number, trainee)

    distill.distill(teacher(), watched, settings, report=lambda step, left: steps.append(step))
    assert asked == [(0, 0, True), (1, 3, False), (2, 5, False), (3, 8, False)]
    assert not np.array_equal(given[1], given[2])
    lengths = np.bincount([settings.round_of(step) for step in range(10)])
    assert (len(lengths), lengths.sum()) == (4, 10)
    assert lengths.max() - lengths.min() <= 1


def painting(folder: Path, told: Any = lambda line: None) -> Any:
    """Rounds in which the student itself paints a few tiny pictures."""

    def network(trainee: Any) -> Any:
        return compact.build(trainee.arrays(), distill.read_outs(trainee))

    return painted_rounds.StudentPaintings(
        (collection(),), 16, folder, network, count=2, size=20, device="cpu", report=told
    )


@pytest.mark.parametrize(("after", "next_step"), [(3, 1), (4, 4), (5, 5), (7, 7), ("painting", 5)])
def test_a_run_with_painted_rounds_resumes_after_any_interruption(
    after: int | str, next_step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything was saved, before a round begins, as it does, in the middle, and while it paints."""
    monkeypatch.setattr(painted_rounds, "STEPS", (2, 3))
    settings = replace(SETTINGS, channels=(6, 7, 8, 9), steps=8, rounds=1)
    whole = distill.distill(teacher(), painting(tmp_path / "whole"), settings)

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    run = partial(distill.distill, teacher(), settings=settings, checkpoint=tmp_path / "run.pt", save_every=3)
    first = painting(tmp_path / "broken", stop) if after == "painting" else painting(tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        run(first, report=interrupted_after(after))
    steps: list[int] = []
    resumed = run(painting(tmp_path / "broken"), report=lambda step, left: steps.append(step))
    assert steps == list(range(next_step, 9))
    assert [len(bias) for _, bias in resumed.layers.values()] == [6, 7, 8, 9]
    assert same(resumed, whole)
    for file in (tmp_path / "whole" / "round-1").iterdir():
        assert file.read_bytes() == (tmp_path / "broken" / "round-1" / file.name).read_bytes()
    assert not same(whole, distill.distill(teacher(), rounds, settings))  # what was painted does matter


def test_pictures_painted_on_the_way_must_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painted_rounds, "STEPS", (2,))
    settings = replace(SETTINGS, steps=4, rounds=1)
    run = partial(distill.distill, teacher(), settings=settings, checkpoint=tmp_path / "run.pt", save_every=3)
    with pytest.raises(KeyboardInterrupt):
        run(painting(tmp_path / "painted"), report=interrupted_after(4))
    (tmp_path / "painted" / "round-1" / "001.png").unlink()
    with pytest.raises(ModelError, match="holds 1 of 2 pictures"):
        run(painting(tmp_path / "painted"))


def test_another_network_can_be_started_from() -> None:
    """Its channels are all there, dead ones apart, whose place others take: known ones say what they said."""
    before = distill.distill(teacher(), rounds, replace(SETTINGS, steps=60)).layers
    before["conv1_2"][1][2] = -1e6
    alive = {name: np.arange(len(bias)) for name, (_, bias) in before.items()}
    alive["conv1_2"] = np.delete(alive["conv1_2"], 2)
    picture = np.random.default_rng(0).random((16, 20, 3))
    expected = features(before, picture)
    for channels in ((8, 8, 10, 10), (12, 8, 11, 13)):
        still = replace(STILL, channels=channels)
        taken = distill.distill(teacher(), rounds, still, start=before).layers
        for (name, feature), width in zip(features(taken, picture).items(), channels, strict=True):
            known = expected[name][alive[name]]
            assert len(feature) == width
            assert np.abs(feature[: len(known)] - known).max() <= 1e-5 * np.abs(known).max()
            assert taken[name][0][len(known) :].any((1, 2, 3)).all()


def test_a_head_start_is_one() -> None:
    before = distill.distill(teacher(), rounds, replace(SETTINGS, steps=200, learning_rate=0.02)).layers
    fresh = distill.distill(teacher(), rounds, STILL).unexplained
    for channels in ((), (9, 9, 11, 11)):
        taken = distill.distill(
            teacher(), rounds, replace(STILL, channels=channels), start=before
        ).unexplained
        assert all(taken[name] < fresh[name] for name in LOOKED_AT), (taken, fresh)


def test_a_wider_network_can_be_started_from() -> None:
    wide = distill.distill(teacher(), rounds, replace(STILL, channels=(12, 12, 14, 14))).layers
    narrow = distill.distill(teacher(), rounds, STILL, start=wide).layers
    assert [len(bias) for _, bias in narrow.values()] == [8, 8, 10, 10]
    for kernel in narrow["conv1_1"][0]:
        nearest = np.abs(wide["conv1_1"][0] - kernel).max((1, 2, 3)).min()
        assert nearest <= 1e-6 * np.abs(kernel).max()


def test_a_network_with_fewer_layers_can_be_started_from() -> None:
    short = distill.distill(teacher(), rounds, replace(STILL, last="conv1_2", channels=(8, 8))).layers
    deeper = distill.distill(teacher(), rounds, STILL, start=short).layers
    assert list(deeper)[:2] == list(short)
    nearest = [np.abs(short["conv1_1"][0] - kernel).max((1, 2, 3)).min() for kernel in deeper["conv1_1"][0]]
    assert max(nearest) <= 1e-6 * np.abs(short["conv1_1"][0]).max()


def test_a_student_is_what_its_arrays_say() -> None:
    trainee = Untrained().trainee
    again = student.trainable(
        trainee.arrays(), trainee.head_matrices(), trainee.units, input_scale=7.0, device="cpu"
    )
    batch = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 12, 14)).astype(np.float32)) * 64
    found = again.features(batch)
    for name, feature in trainee.features(batch).items():
        assert torch.allclose(found[name], feature, rtol=1e-4, atol=1e-5)
    for name, head in trainee.head_matrices().items():
        np.testing.assert_allclose(again.head_matrices()[name], head, rtol=1e-6)


def test_only_what_is_wanted_is_computed() -> None:
    """Nothing above the last wanted layer is: there a kernel that does not fit would show."""
    layers = student.frozen(teacher().layers, "cpu")
    batch = torch.ones(1, 3, 8, 8)
    whole = student.features(layers, batch)
    assert list(whole) == list(layers)
    layers["conv2_2"] = (torch.ones(1, 1, 3, 3), torch.ones(1))
    found = student.features(layers, batch, ("conv1_1", "conv2_1"))
    assert list(found) == ["conv1_1", "conv2_1"]
    assert all(torch.equal(found[name], whole[name]) for name in found)
    with pytest.raises(RuntimeError):
        student.features(layers, batch)


def test_the_learning_rate_rises_and_falls() -> None:
    settings = replace(SETTINGS, steps=2000, learning_rate=1.0)
    rates = [distill.learning_rate(step, settings) for step in range(2000)]
    top = int(np.argmax(rates))
    assert top == distill.WARM_UP - 1
    assert np.all(np.diff(rates[: top + 1]) > 0)
    assert np.all(np.diff(rates[top:]) < 0)
    assert rates[-1] == pytest.approx(distill.LOWEST, abs=1e-4)


@pytest.mark.parametrize(
    "changed",
    [
        *({"width": 0.0}, {"width": 1.5}, {"steps": 0}, {"batch": -1}, {"looks": 0}, {"learning_rate": 0.0}),
        *(
            {"rounds": -1},
            {"rounds": 6},
            {"channels": (8, 8)},
            {"channels": (8, 8, 0, 8)},
            {"last": "conv9_1"},
        ),
    ],
)
def test_settings_that_make_no_sense(changed: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        distill.distill(teacher(), rounds, replace(SETTINGS, **changed))


def test_missing_teacher_layers_are_reported() -> None:
    with pytest.raises(OptionError, match="no layer 'conv4_1'") as error:
        distill.distill(teacher(), rounds, replace(SETTINGS, last="conv4_1"))
    assert "conv3_4" in str(error.value.hint)


@pytest.mark.parametrize("device", ["abacus", "meta"])
def test_a_device_that_cannot_be_used(device: str) -> None:
    with pytest.raises(DeviceError, match=f"'{device}'"):
        distill.distill(teacher(), rounds, replace(SETTINGS, device=device))


def test_checkpoints_that_do_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    run = partial(distill.distill, rounds=rounds, checkpoint=file)
    file.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a checkpoint"):
        run(teacher(), settings=SETTINGS)
    torch.save({"step": 3}, file)
    with pytest.raises(ModelError, match="it lacks heads, layers, optimiser, settings"):
        run(teacher(), settings=SETTINGS)
    file.unlink()
    run(teacher(), settings=SETTINGS)
    with pytest.raises(OptionError, match="another seed"):
        run(teacher(), settings=replace(SETTINGS, seed=1))
    with pytest.raises(OptionError, match="another channels and another looks"):
        run(teacher(), settings=replace(SETTINGS, looks=1, channels=(8, 8, 10, 10)))
    with pytest.raises(OptionError, match="another shape"):
        run(teacher(24, 30, 24), settings=SETTINGS)
    with pytest.raises(ModelError, match="cannot be written"):
        run(teacher(), settings=SETTINGS, checkpoint=tmp_path / "nowhere" / "run.pt")


def test_a_run_goes_on_with_the_same_pictures_and_teacher_only(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    distill.distill(teacher(), rounds, STILL, checkpoint=file)

    def others(number: int, student: object) -> object:
        return replace(rounds(0, None), side=20)

    with pytest.raises(OptionError, match="another set of pictures"):
        distill.distill(teacher(), others, STILL, checkpoint=file)
    with pytest.raises(OptionError, match="another teacher"):
        distill.distill(replace(teacher(), sha256="another"), rounds, STILL, checkpoint=file)


def test_a_diverging_training_is_reported() -> None:
    with pytest.raises(OptionError, match="diverged at step"):
        distill.distill(teacher(), rounds, replace(SETTINGS, steps=50, learning_rate=1e20))
