"""An optimiser whose vectors are on disk, and paintings with one: the same as in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import vgg_network, vgg_weights

from nst_onnx.errors import NstError, OptionError
from nst_onnx.objective.sessions import Network
from nst_onnx.optim import LBFGS, Host, Preconditioner
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.support import disk_arrays
from nst_onnx.support.memory import Memory

SHAPE = (20, 24)
SIZE = 3 * SHAPE[0] * SHAPE[1]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be looked at in many pieces, the same in memory and on disk."""
    monkeypatch.setattr(disk_arrays, "STRIP", 12 * SHAPE[1] * 3)
    monkeypatch.setattr(disk_arrays, "pieces", lambda size, count=1: disk_arrays.strips(size, 12))


def moved(vector: np.ndarray) -> np.ndarray:
    stored = disk_arrays.empty(vector.shape, on_disk=True)
    stored[...] = vector
    return stored


def valley(seed: int) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """A function that is steep in some directions, flat in others, and not quite a quadratic."""
    rng = np.random.default_rng(seed)
    scale = np.geomspace(0.01, 3, SIZE).astype(np.float32)
    goal = rng.standard_normal(SIZE).astype(np.float32)

    def function(x: np.ndarray) -> tuple[float, np.ndarray]:
        away = np.asarray(x) - goal
        return float((scale * (away**2 + 0.1 * away**4)).sum()), scale * (2 * away + 0.4 * away**3)

    return function


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("history", [3, 20])
@pytest.mark.parametrize("smooth", [False, True])
def test_lbfgs_takes_the_same_steps(history: int, smooth: bool) -> None:
    """Long enough for the preconditioner to have learnt twice, and for pairs to be replaced."""
    start = np.random.default_rng(1).standard_normal(SIZE).astype(np.float32)

    def points(on_disk: bool) -> list[np.ndarray]:
        space, preconditioner = (
            Host(SIZE, on_disk=on_disk),
            Preconditioner(SHAPE, on_disk=on_disk) if smooth else None,
        )
        optimiser = LBFGS(space.take(start), space=space, preconditioner=preconditioner, history=history)
        function, passed = valley(0), []
        for _ in range(25):
            passed.append(np.array(optimiser.x))
            optimiser.tell(*function(optimiser.x))
            assert isinstance(optimiser.x, np.memmap) == on_disk
        return passed

    for here, there in zip(points(on_disk=False), points(on_disk=True), strict=True):
        np.testing.assert_array_equal(there, here)


@pytest.mark.usefixtures("small_pieces")
def test_vectors_add_up() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(SIZE).astype(np.float32) for _ in range(3))
    space = Host(SIZE, on_disk=True)
    x, y = space.take(a), space.take(moved(b))
    assert isinstance(x, np.memmap)
    total = space.add(x, y, -0.3)
    np.testing.assert_array_equal(total, a + np.float32(-0.3) * b)
    assert isinstance(total, np.memmap)
    assert space.dot(x, y) == pytest.approx(np.dot(a.astype(float), b), rel=1e-5)
    rows = space.rows(3)
    for i, vector in enumerate((x, y, moved(c))):
        rows.put(i, vector)
    np.testing.assert_array_equal(rows.get(2), c)
    exact = np.stack([a, b, c]).astype(float)
    np.testing.assert_allclose(rows.products([x, y], 3), exact[:2] @ exact.T, rtol=1e-4, atol=1e-3)
    weights = np.array([0.5, -2.0, 3.0])
    np.testing.assert_allclose(rows.combine(weights), weights @ exact, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(x, a)  # which nobody has written to


@pytest.mark.usefixtures("small_pieces")
def test_smoothing_is_the_same() -> None:
    rng = np.random.default_rng(0)
    here, there = Preconditioner(SHAPE), Preconditioner(SHAPE, on_disk=True)
    for _ in range(5):
        s, y = (rng.standard_normal(SIZE).astype(np.float32) for _ in range(2))
        squares = float(s @ s), float(y @ y)
        wants = here.learn(here.waves(s), here.waves(y), squares)
        assert there.learn(there.waves(moved(s)), there.waves(moved(y)), squares) == wants
        if wants:
            here.relearn()
            there.relearn()
    vector = rng.standard_normal(SIZE).astype(np.float32)
    found = there(moved(vector))
    assert isinstance(found.base, np.memmap)
    np.testing.assert_array_equal(found, here(vector))


# Paintings


CONTENT, STYLE = np.random.default_rng(3).random((2, 60, 75, 3), np.float32)
QUICK: dict[str, Any] = {"size": 75, "steps": 20, "min_change": 0, "pyramid": False}
OPTIMISERS = ["preconditioned", "lbfgs", "adam"]


@pytest.fixture(scope="module")
def stylizer(tmp_path_factory: pytest.TempPathFactory) -> Stylizer:
    return Stylizer(network_in(tmp_path_factory.mktemp("network")))


def network_in(folder: Path) -> Network:
    return vgg_network(folder, vgg_weights(widths=(6, 8, 8)))


@pytest.fixture
def states_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Memory, "holds_state", lambda *_: False)


@pytest.mark.parametrize(("optimiser", "averaging"), [("preconditioned", 0.0), ("lbfgs", 0.5), ("adam", 0.9)])
def test_a_painting_with_its_state_on_disk(
    optimiser: str, averaging: float, stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it in one piece, so that sums are in the same order: the same bits."""
    options = QUICK | {
        "optimiser": optimiser,
        "averaging": averaging,
        "pyramid": True,
        "size": 180,
        "steps": 8,
    }
    in_memory = stylizer.stylize(CONTENT, STYLE, **options)
    monkeypatch.setattr(Memory, "holds_state", lambda *_: False)
    monkeypatch.setattr(Memory, "holds", lambda *_: False)
    on_disk = stylizer.stylize(CONTENT, STYLE, **options)
    np.testing.assert_array_equal(on_disk.array, in_memory.array)


@pytest.mark.usefixtures("states_on_disk")
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_killed_run_goes_on_from_its_best_picture(
    optimiser: str, stylizer: Stylizer, tmp_path: Path
) -> None:
    options, saved = QUICK | {"optimiser": optimiser}, tmp_path / "state"
    best = np.inf
    for step in stylizer.steps(CONTENT, STYLE, **options):
        best = min(best, step.losses["total"])
        if step.iteration == 8:
            step.checkpoint().save(saved)
            break
    checkpoint = Checkpoint.load(saved)
    assert list(checkpoint.arrays) == ["best"]
    seen = []
    result = stylizer.stylize(
        CONTENT, STYLE, resume=checkpoint, callback=lambda step: seen.append(step.iteration), **options
    )
    assert seen == list(range(9, 21))
    assert result.history[8]["total"] == pytest.approx(best, rel=1e-5)  # the first of those made anew
    assert result.losses["total"] < best
    assert len(result.history) == 20


@pytest.mark.usefixtures("states_on_disk")
def test_a_run_that_was_done_is_still_the_best(stylizer: Stylizer) -> None:
    """Killed just before its end, when there is time for no step that could be better."""
    for step in stylizer.steps(CONTENT, STYLE, **QUICK):
        if step.iteration == QUICK["steps"]:
            checkpoint, picture = step.checkpoint(), step.result()
    result = stylizer.stylize(CONTENT, STYLE, resume=checkpoint, **QUICK)
    np.testing.assert_array_equal(result.array, picture.array)
    assert result.losses == picture.losses


@pytest.mark.usefixtures("states_on_disk")
def test_the_second_level_goes_on_too(stylizer: Stylizer) -> None:
    options = QUICK | {"pyramid": True, "size": 180}
    for step in stylizer.steps(CONTENT, STYLE, **options):
        if step.iteration == 14:
            assert step.scale == 1
            checkpoint, best = step.checkpoint(), step.result().losses["total"]
            break
    result = stylizer.stylize(CONTENT, STYLE, resume=checkpoint, **options)
    assert result.array.shape == (144, 180, 3)
    assert result.losses["total"] <= best
    assert len(result.history) == QUICK["steps"]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("held_first", [True, False])
def test_more_or_less_memory_the_second_time(
    held_first: bool, optimiser: str, stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in memory goes on on disk, and the other way round."""
    options = QUICK | {"optimiser": optimiser}
    monkeypatch.setattr(Memory, "holds_state", lambda *_: held_first)
    for step in stylizer.steps(CONTENT, STYLE, max_memory="1GB", **options):
        if step.iteration == 8:
            checkpoint, best = step.checkpoint(), step.result().losses["total"]
            break
    assert ("optimiser/x" in checkpoint.arrays) == held_first
    monkeypatch.setattr(Memory, "holds_state", lambda *_: not held_first)
    result = stylizer.stylize(CONTENT, STYLE, resume=checkpoint, max_memory="2GB", **options)
    assert result.losses["total"] < best
    assert len(result.history) == QUICK["steps"]


def test_large_states_are_written_and_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "best": moved(rng.random(1000).astype(np.float32)),
        "number": np.asarray(3.5),
        "none": np.zeros(0),
    }
    Checkpoint("mine", {"level": 1}, arrays).save(tmp_path / "usual")
    monkeypatch.setattr(disk_arrays, "STRIP", 64)
    monkeypatch.setattr("nst_onnx.painting.checkpoint._LARGE", 100)
    Checkpoint("mine", {"level": 1}, arrays).save(tmp_path / "state")
    found = Checkpoint.load(tmp_path / "state")
    assert (found.fingerprint, found.facts) == ("mine", {"level": 1})
    assert isinstance(found.arrays["best"], np.memmap)
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
        np.testing.assert_array_equal(np.load(tmp_path / "usual", allow_pickle=False)[name], array)


def test_a_full_disk_while_painting_is_told(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Memory, "holds_state", lambda *_: False)
    monkeypatch.setattr("tempfile.tempdir", "/no such folder")
    with pytest.raises(NstError, match="no room on the disk"):
        stylizer.stylize(CONTENT, STYLE, **QUICK)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
def test_a_device_is_no_saved_state() -> None:
    """It might never end."""
    with pytest.raises(OptionError, match="not a regular file"):
        Checkpoint.load("/dev/full")
