"""What hardly matters is left out, what matters is not, and what is left out makes no difference to see."""

from pathlib import Path

import numpy as np
import pytest
from support.networks import CPU, vgg_network, vgg_weights

from nst_onnx import Objective
from nst_onnx.objective import evaluation
from nst_onnx.objective.graphs import objective_model
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import term_pruning
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.flat_objective import DeviceFlatObjective, FlatObjective, HostFlatObjective, to_vector
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.painting.term_pruning import TermPruning
from nst_onnx.runtime import Device
from nst_onnx.runtime.device_tensors import fetch, put
from nst_onnx.support.memory import Memory

SHAPE = (36, 48)
DEEPEST = "style/conv3_1"
CONTENT, STYLE = (np.random.default_rng(seed).random((*SHAPE, 3), np.float32) for seed in range(2))
TERMS = {
    "preset": "neural-style",
    "size": SHAPE[::-1],
    "style_layers": {"conv1_1": 1.0, "conv2_1": 1.0, "conv3_1": 1e-7},
    "content_layers": ["conv2_2"],
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8)))


@pytest.fixture
def objective(network: Network) -> Objective:
    return Objective(CONTENT, STYLE, model=network, **TERMS)


def point(seed: int = 5) -> np.ndarray:
    return to_vector(np.random.default_rng(seed).random((*SHAPE, 3), np.float32))


def shown(ground: FlatObjective, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    losses, slope = ground(x)
    return losses.copy(), slope.copy()


@pytest.mark.parametrize("device", [CPU, Device("openvino")], ids=str)
def test_losses_and_slopes_without_a_term(device: Device, network: Network) -> None:
    if device.kind == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed here")
    objective = Objective(CONTENT, STYLE, model=Network(network.extractor, device), **TERMS)
    ground, x = HostFlatObjective(objective), point()
    losses, slope = shown(ground, x)
    with objective.restricted_to([DEEPEST]):
        alone, small = shown(ground, x)
    place = objective.terms.names.index(DEEPEST)
    assert alone[place] == losses[place] > 0
    assert not np.delete(alone, place).any()
    objective.prune([DEEPEST], np.full(len(losses), 7, np.float32))
    without, rest = shown(ground, x)
    assert without[place] == 7
    np.testing.assert_allclose(np.delete(without, place), np.delete(losses, place), rtol=1e-5)
    np.testing.assert_allclose(rest + small, slope, rtol=1e-3, atol=1e-6 * np.abs(slope).max())
    objective.prune([], losses)
    again, back = shown(ground, x)
    np.testing.assert_array_equal(again, losses)
    np.testing.assert_array_equal(back, slope)


def test_layers_that_nothing_needs_are_not_computed(objective: Objective) -> None:
    terms = objective.terms
    fewer = terms.of([name for name in terms.names if name != DEEPEST])
    convolutions = [
        sum(node.op_type == "Conv" for node in objective_model(objective.network.extractor, some).graph.node)
        for some in (terms, fewer)
    ]
    assert convolutions[1] == convolutions[0] - 2  # conv3_1, forwards and backwards


@pytest.mark.parametrize("kind", [HostFlatObjective, DeviceFlatObjective])
def test_it_looks_at_loss_and_slope_and_leaves_out(
    kind: type[HostFlatObjective] | type[DeviceFlatObjective], objective: Objective
) -> None:
    there = kind is DeviceFlatObjective
    ground = kind(objective)
    x = put(point(), CPU) if there else point()
    careful = TermPruning(objective, ground)
    losses, slope = ground(x)
    assert not careful.due(term_pruning.FIRST - 1, losses, slope)
    assert careful.due(term_pruning.FIRST, losses, slope)
    everything = losses.copy()
    losses, slope = careful.check(term_pruning.FIRST, x, losses, slope)
    assert careful.pruned == (DEEPEST,)
    np.testing.assert_array_equal(losses, everything)
    assert not careful.due(term_pruning.FIRST + term_pruning.AGAIN - 1, losses, slope)
    assert careful.due(term_pruning.FIRST + term_pruning.AGAIN, losses, slope)
    flat = (fetch(slope) if there else slope) * np.float32(1e-12)  # nearly at the minimum
    assert careful.due(term_pruning.FIRST + 1, losses, put(flat, CPU) if there else flat)
    less = np.where(np.arange(len(losses)) == objective.terms.names.index(DEEPEST), losses, losses * 1e-6)
    assert careful.due(term_pruning.FIRST + 1, less, slope)
    few = TermPruning(objective, ground, term_pruning.FIRST + term_pruning.FEWEST)
    assert few.due(term_pruning.FIRST, losses, slope)
    assert not few.due(term_pruning.FIRST + 1, losses, slope)


def test_the_deepest_term_stays_where_it_counts(network: Network) -> None:
    objective = Objective(CONTENT, STYLE, model=network, **TERMS | {"style_layers": ["conv1_1", "conv3_1"]})
    ground = HostFlatObjective(objective)
    careful = TermPruning(objective, ground)
    careful.check(9, point(), *ground(point()))
    assert careful.pruned == ()


def test_a_term_that_is_small_because_its_weight_holds_it_down_stays(network: Network) -> None:
    deep = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1", "conv2_1"], "content_weight": 1e9}
    objective = Objective(CONTENT, STYLE, model=network, **TERMS | deep)
    ground = HostFlatObjective(objective)
    nearly = (
        to_vector(CONTENT) + np.random.default_rng(0).standard_normal(CONTENT.size).astype(np.float32) * 1e-4
    )
    losses, slope = shown(ground, nearly)
    held = losses[objective.terms.names.index("content/conv3_1")]
    assert 0 < held < term_pruning.LOSS * losses.sum()  # the loss alone would let it go
    careful = TermPruning(objective, ground)
    careful.check(9, nearly, losses, slope)
    assert careful.pruned == ()


def test_something_is_left_to_look_at(network: Network) -> None:
    """Though total variation is nearly all of it, and without any layer there is no network."""
    objective = Objective(CONTENT, STYLE, model=network, **TERMS | {"content_weight": 0.0, "tv_weight": 1e9})
    ground = HostFlatObjective(objective)
    careful = TermPruning(objective, ground)
    careful.check(9, point(), *ground(point()))
    assert careful.pruned == (DEEPEST, "style/conv2_1")
    ground(point())


def test_content_stays_however_small(network: Network) -> None:
    content = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1"], "content_weight": 1e-9}
    objective = Objective(CONTENT, STYLE, model=network, **TERMS | content)
    ground = HostFlatObjective(objective)
    careful = TermPruning(objective, ground)
    careful.check(9, point(), *ground(point()))
    assert careful.pruned == ()


def test_a_term_that_has_come_back_stays(objective: Objective, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = HostFlatObjective(objective)
    careful = TermPruning(objective, ground)
    everything, slope = shown(ground, point())
    careful.check(9, point(), *ground(point()))
    with monkeypatch.context() as patch:
        patch.setattr(term_pruning, "GRADIENT", 0.0)
        losses, gradient = careful.check(9, point(), *ground(point()))
    assert careful.pruned == ()
    np.testing.assert_array_equal(losses, everything)
    np.testing.assert_array_equal(gradient, slope)
    careful.check(9, point(), *ground(point()))
    assert careful.pruned == ()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The pruned terms after each check, in a painting too short for others."""
    monkeypatch.setattr(term_pruning, "FIRST", 3)
    monkeypatch.setattr(term_pruning, "AGAIN", 4)
    monkeypatch.setattr(term_pruning, "FEWEST", 0)
    seen: list[tuple[str, ...]] = []
    check = TermPruning.check

    def watched(self: TermPruning, *shown: object) -> object:
        found = check(self, *shown)
        seen.append(self.pruned)
        return found

    monkeypatch.setattr(TermPruning, "check", watched)
    return seen


PAINTING = {**TERMS, "optimiser": "preconditioned", "init": "content", "steps": 30}


def test_a_painting_ends_as_low_without_the_term(
    network: Network, checks: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = Stylizer(network).stylize(CONTENT, STYLE, **PAINTING)
    assert len(checks) > 1
    assert set(checks) == {(DEEPEST,)}
    monkeypatch.setattr(term_pruning, "FIRST", PAINTING["steps"])
    full = Stylizer(network).stylize(CONTENT, STYLE, **PAINTING)
    first, last = full.history[0]["total"], full.losses["total"]
    assert first - saving.losses["total"] > 0.99 * (first - last)
    assert DEEPEST in saving.losses


def test_a_published_recipe_is_computed_to_the_last_term(
    network: Network, checks: list[tuple[str, ...]]
) -> None:
    Stylizer(network).stylize(CONTENT, STYLE, **PAINTING | {"optimiser": None})
    assert checks == []


def state_after(steps: int, network: Network, content: np.ndarray, file: Path) -> Checkpoint:
    for step in Stylizer(network).steps(content, STYLE, **PAINTING):
        if step.iteration == steps:
            step.checkpoint().save(file)
            break
    return Checkpoint.load(file)


SEEN_THROUGH = np.dstack([CONTENT, np.linspace(0, 1, CONTENT[..., 0].size, dtype=np.float32).reshape(SHAPE)])


@pytest.mark.parametrize("content", [CONTENT, SEEN_THROUGH], ids=["opaque", "with transparency"])
@pytest.mark.parametrize("stop", [2, 5, 9])
def test_a_resumed_run_ends_in_the_same_bits(
    stop: int, content: np.ndarray, network: Network, checks: list[tuple[str, ...]], tmp_path: Path
) -> None:
    whole = Stylizer(network).stylize(content, STYLE, **PAINTING)
    state = state_after(stop, network, content, tmp_path / "state")
    resumed = Stylizer(network).stylize(content, STYLE, resume=state, **PAINTING)
    assert checks
    np.testing.assert_array_equal(resumed.array, whole.array)
    assert [row["total"] for row in resumed.history] == [row["total"] for row in whole.history]


def test_a_run_in_tiles_goes_on_in_one_piece(
    network: Network, checks: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody closed the other programs meanwhile."""
    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "tile_pixels", lambda *_: SHAPE[0] * SHAPE[1] // 2)
        state = state_after(20, network, CONTENT, tmp_path / "state")
    assert checks == []
    assert len(Stylizer(network).stylize(CONTENT, STYLE, resume=state, **PAINTING).history) == 30
    assert len(checks) in (2, 3)  # at once, then after every four evaluations and an improvement


def test_a_run_on_disk_does_not_look_at_every_step_when_it_goes_on(
    network: Network, checks: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memory, "holds_state", lambda *_: False)
    state = state_after(20, network, CONTENT, tmp_path / "state")
    before = len(checks)
    assert len(Stylizer(network).stylize(CONTENT, STYLE, resume=state, **PAINTING).history) == 30
    assert 0 < len(checks) - before <= 3
