"""The style statistics that are means over positions, whole, in tiles and in shards, against float64."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import independent
from support.networks import vgg_network, vgg_weights
from support.pictures import patchwork

from nst_onnx import Objective
from nst_onnx.errors import OptionError
from nst_onnx.objective.losses import STATISTICS, wasserstein
from nst_onnx.objective.losses.loss import StatisticLoss
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting.stylizer import Stylizer

HEIGHT, WIDTH = 200, 60
LAYERS = ("conv1_1", "conv2_1", "conv3_1")
NAMES = [name for name, loss in STATISTICS.items() if isinstance(loss, StatisticLoss)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


def picture(seed: int, channels: int = 3) -> np.ndarray:
    return patchwork(HEIGHT, WIDTH, channels, seed=seed)


def objective(
    network: Network, statistic: object, team: LocalTeam | None = None, channels: int = 3
) -> Objective:
    return Objective(
        picture(0, channels),
        picture(1),
        model=network,
        size=(WIDTH, HEIGHT),
        style_layers=list(LAYERS),
        content_weight=0,
        style_statistic=statistic,  # type: ignore[arg-type]
        team=team,
    )


def gram(f: np.ndarray) -> np.ndarray:
    return independent.gram(f) / independent.positions(f)


def covariance(f: np.ndarray) -> np.ndarray:
    return np.cov(f.reshape(len(f), -1), bias=True)


def expected_distance(statistic: str, f: np.ndarray, a: np.ndarray) -> float:
    """The relative distance of a layer's features to the style's, straight from the definition."""
    if statistic == "gram":
        return independent.relative(gram(f), gram(a))
    if statistic == "moments":
        return independent.moments_distance(f, a)
    mean, style_mean = (x.mean((1, 2)) for x in (f, a))
    own, style = covariance(f), covariance(a)
    ridge = wasserstein.RIDGE * np.trace(style) / len(style) * np.eye(len(style))
    own, style = own + ridge, style + ridge
    # tr (R Σ R)^½ is the sum of the square roots of the eigenvalues of Σ Σₛ.
    overlap = np.sqrt(np.abs(np.linalg.eigvals(own @ style))).sum()
    w2 = ((mean - style_mean) ** 2).sum() + np.trace(own) + np.trace(style) - 2 * overlap
    return float(w2 / ((style_mean**2).sum() + np.trace(style)))


@pytest.mark.parametrize("statistic", NAMES)
def test_the_value_is_that_of_the_formula(network: Network, statistic: str) -> None:
    shallow = {name: weights for name, weights in vgg_weights().layers.items() if name < "conv4"}
    features = independent.vgg(shallow, "average", margin=16)
    f, a = (features(picture(seed).astype(np.float64)) for seed in (2, 1))
    found = objective(network, statistic).losses(picture(2))
    expected = {
        layer: expected_distance(statistic, f[layer], a[layer])
        * min(1, independent.positions(f[layer]) / (8 * len(f[layer])))
        / len(LAYERS)
        for layer in LAYERS
    }
    name = STATISTICS[statistic].name
    assert {layer: found[f"{name}/{layer}"] for layer in LAYERS} == pytest.approx(expected, rel=2e-4)
    assert found["style"] == pytest.approx(found["total"])


@pytest.mark.parametrize("statistic", NAMES)
def test_the_derivative_is_that_of_finite_differences(statistic: str) -> None:
    """Of the statistic itself, in float64; tiles take it between their passes."""
    loss, rng = STATISTICS[statistic], np.random.default_rng(3)
    samples = rng.random((2, 40, 6))
    statistics = []
    for features in samples:
        second = features.T @ features / len(features)
        rows = [second] if statistic == "gram" else [second, features.mean(0, keepdims=True)]
        statistics.append(np.vstack(rows))
    own, target = statistics[0], loss.prepared(statistics[1].astype(np.float32)).astype(np.float64)
    value, derivative = loss.distance_and_derivative(own, target)
    assert value > 0.001
    for _ in range(4):
        direction, step = rng.normal(size=own.shape), 1e-6
        direction[:6] += direction[:6].T.copy()  # second moments are symmetric
        ahead, behind = (
            loss.distance_and_derivative(own + sign * step * direction, target)[0] for sign in (1, -1)
        )
        assert (ahead - behind) / (2 * step) == pytest.approx(float((derivative * direction).sum()), rel=1e-4)


@pytest.mark.parametrize("channels", [3, 4], ids=["opaque", "with transparency"])
@pytest.mark.parametrize("statistic", NAMES)
def test_whole_tiles_and_shards_agree(
    network: Network, statistic: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = objective(network, statistic, channels=channels)
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 110 * 92)
    tiled, sharded = (objective(network, statistic, team, channels) for team in (None, LocalTeam(2)))
    kinds = [type(o._evaluation) for o in (whole, tiled, sharded)]
    assert kinds == [WholeEvaluation, TiledEvaluation, ShardedEvaluation]
    x = picture(2)
    value, gradient = whole.value_and_grad(x)
    for other in (tiled, sharded):
        found, its_gradient = other.value_and_grad(x)
        assert found == pytest.approx(value, rel=1e-5)
        assert np.linalg.norm(its_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)


def test_the_distance_to_itself_is_nothing(network: Network) -> None:
    for statistic in NAMES:
        found = objective(network, statistic)
        assert abs(found.losses(picture(1))["style"]) < 1e-5 * found.losses(picture(2))["style"] + 2e-6


def test_several_statistics_with_weights(network: Network) -> None:
    x = picture(2)
    both = objective(network, {"gram": 1.0, "wasserstein": 0.5}).losses(x)
    alone = [objective(network, name).losses(x)["total"] for name in ("gram", "wasserstein")]
    wasserstein = sum(value for name, value in both.items() if name.startswith("wasserstein/"))
    assert wasserstein == pytest.approx(0.5 * alone[1], rel=1e-5)
    assert both["style"] == both["total"] == pytest.approx(alone[0] + 0.5 * alone[1], rel=1e-5)


def test_the_style_weight_is_that_of_the_statistic(network: Network) -> None:
    one, two = (
        Objective(picture(0), picture(1), model=network, size=(WIDTH, HEIGHT), style_weight=weight).losses(
            picture(2)
        )
        for weight in (None, 2.0)
    )
    assert not any(name.startswith("style/") for name in two)
    assert two["style"] == pytest.approx(2 * one["style"], rel=1e-5)


def test_neighbours_beside_a_statistic(network: Network) -> None:
    """With its own normalisation, which does not depend on the number of positions."""
    found = objective(network, {"gram": 1.0, "neighbours": 0.01}).losses(picture(2))
    alone = Objective(
        picture(0),
        picture(1),
        model=network,
        size=(WIDTH, HEIGHT),
        content_weight=0,
        style_weight=0,
        neighbours_weight=0.01,
        neighbours_layers=list(LAYERS),
    ).losses(picture(2))
    assert found["neighbours"] == pytest.approx(alone["neighbours"], rel=1e-5)
    assert found["neighbours"] > 0


def test_a_flat_picture_has_a_finite_gradient(network: Network) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    for statistic in NAMES:
        value, gradient = objective(network, statistic).value_and_grad(flat)
        assert math.isfinite(value)
        assert np.isfinite(gradient).all()


def test_deviations_from_a_flat_style_are_bounded(network: Network) -> None:
    """Its own deviations are next to nothing, so they are no unit."""
    flat = np.full((HEIGHT, WIDTH, 3), 0.6, np.float32)
    shallow = {name: weights for name, weights in vgg_weights().layers.items() if name < "conv2"}
    features = independent.vgg(shallow, "average", margin=16)
    f, a = (features(x.astype(np.float64))["conv1_1"] for x in (picture(2), flat))
    found = Objective(
        picture(0), flat, model=network, size=(WIDTH, HEIGHT), style_layers=["conv1_1"], content_weight=0
    ).losses(picture(2))
    assert found["total"] == pytest.approx(independent.moments_distance(f, a), rel=2e-4)
    assert found["total"] < 100


@pytest.mark.parametrize("statistic", ["moments", "wasserstein"])
def test_a_painting_comes_closer(network: Network, statistic: str) -> None:
    stylizer = Stylizer(network)
    result = stylizer.stylize(picture(0), picture(1), size=64, steps=8, style_statistic=statistic)
    totals = [entry["total"] for entry in result.history]
    assert totals[-1] < 0.5 * totals[0]


@pytest.mark.parametrize("statistic", ["gram", "moments", "wasserstein", {"moments": 1, "neighbours": 0.01}])
def test_a_resumed_run_ends_in_the_same_bits(network: Network, statistic: object, tmp_path: Path) -> None:
    stylizer = Stylizer(network)
    options: dict[str, Any] = {"size": 64, "steps": 6, "min_change": 0, "style_statistic": statistic}
    whole = stylizer.stylize(picture(0), picture(1), **options)
    for step in stylizer.steps(picture(0), picture(1), **options):
        if step.iteration == 3:
            step.checkpoint().save(tmp_path / "state")
            break
    resumed = stylizer.stylize(picture(0), picture(1), resume=tmp_path / "state", **options)
    np.testing.assert_array_equal(resumed.array, whole.array)
    totals = [[row["total"] for row in result.history] for result in (resumed, whole)]
    assert totals[0] == totals[1]


def test_published_recipes_keep_their_statistic(network: Network) -> None:
    with pytest.raises(OptionError, match="gatys2015"):
        Objective(
            picture(0), picture(1), model=network, size=64, preset="gatys2015", style_statistic="moments"
        )


def test_an_unknown_statistic_is_named(network: Network) -> None:
    with pytest.raises(OptionError, match=r"gram.*not 'grams'"):
        objective(network, "grams")


def test_neighbours_with_two_weights_are_refused(network: Network) -> None:
    with pytest.raises(OptionError, match="neighbours has two weights"):
        Objective(
            picture(0),
            picture(1),
            model=network,
            size=64,
            style_statistic={"gram": 1, "neighbours": 0.01},
            neighbours_weight=0.01,
        )


def test_nothing_to_match_has_a_finite_derivative() -> None:
    """A statistic of zero, of a style that a mask hides at a coarse layer; tiles take the derivative."""
    own, nothing = np.ones((7, 6)), np.zeros((7, 6))
    for statistic in ("gram", "moments"):
        value, derivative = STATISTICS[statistic].distance_and_derivative(own, nothing)
        assert math.isfinite(value)
        assert np.isfinite(derivative).all()
        assert STATISTICS[statistic].energy(nothing.astype(np.float32)) == 0
