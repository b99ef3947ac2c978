"""The price of a new loss: what is registered here, from outside the package, is all that it takes."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import independent
from support.finite_differences import hold_gradient
from support.networks import vgg_network, vgg_weights

import nst_onnx
from nst_onnx import Objective
from nst_onnx.cli import loss_plot
from nst_onnx.errors import OptionError
from nst_onnx.graph import Graph
from nst_onnx.objective.losses import LOSSES, content, style
from nst_onnx.objective.losses.loss import LayerFeatures, PositionwiseLoss, StatisticLoss
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting import presets
from nst_onnx.painting.loss_options import register_loss, unregister_loss
from nst_onnx.painting.objective_settings import objective_settings
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.support.arrays import Array, Numbers

HEIGHT, WIDTH = 200, 60
TILE = 110 * 92  # pixels: the picture, with its margin, takes several


# ---- three losses


def channel_sums(g: Graph, features: LayerFeatures) -> str:
    """Σ f over positions, for each channel."""
    return g.op("ReduceSum", features.times_weights(g), g.ints(0, 2, 3), keepdims=0)


def one_per_channel(channels: int) -> tuple[int]:
    return (channels,)


def weighted_squares(g: Graph, features: LayerFeatures) -> str:
    """f² at each position, times the square root of its weight."""
    return g.op("Mul", features.weighted, features.tensor)


class AbsoluteMoments(StatisticLoss):
    """Another distance: Σ √(1 + (m − t)²)."""

    def distance(self, g: Graph, value: str, target: str) -> str:
        difference = g.op("Sub", value, target)
        squares = g.op("Add", g.op("Mul", difference, difference), g.constant(1.0))
        return g.op("ReduceSum", g.op("Sqrt", squares), keepdims=0)

    def distance_and_derivative(self, mean: Numbers, target: Numbers) -> tuple[float, Numbers]:
        length = np.sqrt(1 + (mean - target) ** 2)
        return float(length.sum()), (mean - target) / length

    def energy(self, target: Array) -> float:
        return float(target.size)


MEANS = StatisticLoss(name="channel_means", target="style", position_sum=channel_sums, shape=one_per_channel)
SQUARES = PositionwiseLoss(name="squares", map=weighted_squares)
SMOOTH = AbsoluteMoments(name="smooth", target="content", position_sum=channel_sums, shape=one_per_channel)
LOSSES_HERE = (MEANS, SQUARES, SMOOTH)
PRESET = Preset(
    name="channel_means",
    source="this test",
    model=None,
    losses=(
        WeightedLoss(content.LOSS, weight=0.01, layers=each("conv2_2")),
        WeightedLoss(style.LOSS, weight=1.0, layers=each("conv1_1", "conv2_1")),
        WeightedLoss(MEANS, weight=0.5, layers=each("conv1_1", "conv2_1")),
        WeightedLoss(SQUARES, weight=0.02, layers=each("conv2_1")),
        WeightedLoss(SMOOTH, weight=0.3, layers=each("conv2_2")),
    ),
    pooling="average",
    margin=4,
    start="content",
    optimiser="preconditioned",
    steps=6,
)
TERMS = ["channel_means/conv1_1", "channel_means/conv2_1", "squares/conv2_1", "smooth/conv2_2"]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(LOSSES)
    for loss in LOSSES_HERE:
        register_loss(loss)
    monkeypatch.setitem(presets.PRESETS, PRESET.name, PRESET)
    yield
    for loss in LOSSES_HERE:
        unregister_loss(loss)
    assert before == LOSSES


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 5 + 1, width // 5 + 1, channels)).repeat(5, 0).repeat(5, 1)
    made = 0.1 + 0.6 * coarse[:height, :width] + 0.2 * rng.random((height, width, channels))
    return made.astype(np.float32)


@contextmanager
def small_tiles() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: TILE)
        yield


def objective(network: Network, team: LocalTeam | None = None, channels: int = 3) -> Objective:
    size = (WIDTH, HEIGHT)
    return Objective(
        picture(0, channels=channels), picture(1), model=network, size=size, preset="channel_means", team=team
    )


# ---- the objective


@pytest.mark.parametrize("channels", [3, 4], ids=["opaque", "with transparency"])
def test_whole_tiles_and_shards_agree(network: Network, channels: int) -> None:
    whole = objective(network, channels=channels)
    with small_tiles():
        tiled, sharded = (objective(network, team, channels) for team in (None, LocalTeam(2)))
    evaluations = [type(o._evaluation) for o in (whole, tiled, sharded)]
    assert evaluations == [WholeEvaluation, TiledEvaluation, ShardedEvaluation]
    x = picture(2)
    expected, (_, gradient) = whole.losses(x), whole.value_and_grad(x)
    assert all(expected[name] > 1e-3 * expected["total"] for name in TERMS)
    for other in (tiled, sharded):
        assert other.losses(x) == pytest.approx(expected, rel=1e-4)
        found = other.value_and_grad(x)[1]
        assert np.linalg.norm(found - gradient) < 1e-4 * np.linalg.norm(gradient)


def test_the_gradient_is_that_of_finite_differences(network: Network) -> None:
    """Of each loss by itself, along its own gradient."""
    whole, x, step = objective(network), picture(2), 2e-3
    for name in TERMS:
        hold_gradient(whole, name, x, step)


def test_the_values_are_those_of_the_formulas(network: Network) -> None:
    """Computed independently, in float64."""
    shallow = {name: weights for name, weights in vgg_weights().layers.items() if name < "conv3"}
    features = independent.vgg(shallow, "average", margin=4)
    f, p, a = (features(picture(seed).astype(np.float64)) for seed in (2, 0, 1))

    def moments(layer: str) -> float:
        x, target = (some[layer].mean(axis=(1, 2)) for some in (f, a))
        return 0.5 * float(((x - target) ** 2).sum() / (target**2).sum())

    difference = (f["conv2_2"] - p["conv2_2"]).mean(axis=(1, 2))
    squares, target = f["conv2_1"] ** 2, p["conv2_1"] ** 2
    expected = {
        "channel_means/conv1_1": moments("conv1_1"),
        "channel_means/conv2_1": moments("conv2_1"),
        "squares/conv2_1": 0.02 * ((squares - target) ** 2).sum() / (target**2).sum(),
        "smooth/conv2_2": 0.3 * np.sqrt(1 + difference**2).mean(),
    }
    found = objective(network).losses(picture(2))
    assert {name: found[name] for name in TERMS} == pytest.approx(expected, rel=1e-4)


def test_terms_survive_the_way_to_another_process(network: Network) -> None:
    terms = objective(network).terms
    assert pickle.loads(pickle.dumps(terms)) == terms


# ---- painting


def paint(network: Network, team: LocalTeam | None = None, **options: Any) -> nst_onnx.Result:
    stylizer = Stylizer(network, team=team)
    return stylizer.stylize(picture(0), picture(1), size=(WIDTH, HEIGHT), preset="channel_means", **options)


def test_it_paints_whole_in_tiles_and_in_shards(network: Network) -> None:
    whole = paint(network)
    with small_tiles():
        tiled, sharded = paint(network), paint(network, LocalTeam(2))
    for result in (whole, tiled, sharded):
        first, *_, last = (step["total"] - 0.3 for step in result.history)  # the least that `smooth` can be
        assert last < 0.5 * first
        assert set(TERMS) < set(result.losses)
        assert result.history[0].keys() >= {
            "total",
            "content",
            "style",
            "tv",
            "channel_means",
            "squares",
            "smooth",
        }
    np.testing.assert_allclose(tiled.array, whole.array, atol=5e-3)
    np.testing.assert_allclose(sharded.array, whole.array, atol=5e-3)


@pytest.mark.parametrize("tiles", [False, True], ids=["whole", "tiles"])
def test_it_resumes(network: Network, tiles: bool) -> None:
    stylizer, options = Stylizer(network), {"size": (WIDTH, HEIGHT), "preset": "channel_means"}
    with small_tiles() if tiles else pytest.MonkeyPatch.context():
        *_, last = stylizer.steps(picture(0), picture(1), **options)
        expected = last.result()
        for step in stylizer.steps(picture(0), picture(1), **options):
            if step.iteration == 3:
                saved = step.checkpoint()
                break
        *_, last = stylizer.steps(picture(0), picture(1), resume=saved, **options)
    resumed = last.result()
    np.testing.assert_array_equal(resumed.array, expected.array)
    assert [step["channel_means"] for step in resumed.history] == [
        step["channel_means"] for step in expected.history
    ]


def test_it_is_recorded(network: Network, tmp_path: Path) -> None:
    """In losses by name, in the picture's settings, and in the plot."""
    result = paint(network, steps=2)
    sums = {n: v for n, v in result.losses.items() if n.startswith("channel_means/")}
    assert result.losses["channel_means"] == pytest.approx(sum(sums.values()))
    weights = result.settings["weights"]
    assert {name: weights[name] for name in TERMS} == dict(zip(TERMS, (0.5, 0.5, 0.02, 0.3), strict=True))
    pytest.importorskip("matplotlib")
    without = [{name: v for name, v in step.items() if name != "channel_means"} for step in result.history]
    for name, history in (("with", result.history), ("without", without)):
        loss_plot.draw(history, tmp_path / f"{name}.png")
    one, other = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("with", "without"))
    assert not np.array_equal(one, other)


# ---- options, and the table


def test_its_options_add_it_to_any_preset(network: Network) -> None:
    """At the network's own style layers, or those given."""
    options = LossOptions.of({"channel_means_weight": 2.0, "smooth_layers": ["conv1_1"]})
    found = objective_settings(options, presets.find("default"), network.extractor)
    layers = network.extractor.facts.style_layers
    moments = {name: weight for name, weight in found.weights.items() if name.startswith("channel_means")}
    assert moments == {f"channel_means/{layer}": pytest.approx(2 / len(layers)) for layer in layers}
    assert not any(name.startswith(("squares", "smooth")) for name in found.weights)
    given = {"channel_means_weight": 0.0, "smooth_weight": 0.5, "smooth_layers": {"conv1_1": 3.0}}
    result = paint(network, steps=2, **given)
    assert result.settings["smooth_layers"] == {"conv1_1": 3.0}
    assert result.settings["weights"]["smooth/conv1_1"] == 1.5
    assert not any(name.startswith("channel_means") for name in result.settings["weights"])


def test_without_it_its_options_are_unknown() -> None:
    unregister_loss(MEANS)
    try:
        with pytest.raises(OptionError, match="channel_means_weight"):
            LossOptions.of({"channel_means_weight": 2.0})
    finally:
        register_loss(MEANS)


def test_names_are_checked() -> None:
    for name in (
        "style",
        "channel_means",
        "moments",
        "wasserstein",
        "total",
        "temporal",
        "a/b",
        "Moments",
        "",
    ):
        with pytest.raises(ValueError, match="cannot be named"):
            register_loss(dataclasses.replace(MEANS, name=name))


def test_other_presets_are_as_before(network: Network) -> None:
    """They compute none of it: their losses are to the bit those without."""
    options = {"model": network, "size": (WIDTH, HEIGHT), "content_layers": ["conv2_2"]}
    found = Objective(picture(0), picture(1), style_layers=["conv1_1"], **options).losses(picture(2))
    assert found["channel_means"] == 0
    removed = {name: LOSSES.pop(name) for name in ("channel_means", "squares", "smooth")}
    try:
        before = Objective(picture(0), picture(1), style_layers=["conv1_1"], **options).losses(picture(2))
    finally:
        LOSSES.update(removed)
    assert before == {name: value for name, value in found.items() if name not in removed}
