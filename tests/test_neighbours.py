"""The neighbours loss: matching, exactness of the loss, resumption."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import independent
from support.finite_differences import hold_gradient
from support.networks import vgg_network, vgg_weights

from nst_onnx import Objective
from nst_onnx.errors import PictureError
from nst_onnx.objective import matching
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.stylizer import Stylizer

LAYERS = ["conv2_1", "conv3_1", "conv4_1", "conv5_1"]
TERMS = [f"neighbours/{layer}" for layer in LAYERS]
SHAPES = [(200, 60), (203, 61), (198, 71)]
TILE = 140 * 104  # pixels; with its margin, a picture takes several


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


def picture(seed: int, shape: tuple[int, int] = SHAPES[0], channels: int = 3) -> np.ndarray:
    """Patches and noise; a fourth channel is transparent here and there."""
    rng, (height, width) = np.random.default_rng(seed), shape
    coarse = rng.random((height // 9 + 1, width // 9 + 1, channels)).repeat(9, 0).repeat(9, 1)
    made = 0.1 + 0.6 * coarse[:height, :width] + 0.2 * rng.random((height, width, channels))
    if channels == 4:
        made[..., 3] = np.clip(2 * coarse[:height, :width, 3] - 0.3, 0, 1)
    return made.astype(np.float32)


def objective(network: Network, content: np.ndarray, *styles: np.ndarray, **options: Any) -> Objective:
    size = (content.shape[1], content.shape[0])
    weights = {
        "neighbours_weight": 4.0,
        "style_weight": 0.5,
        "content_weight": 0.1,
        "neighbours_layers": LAYERS,
    }
    return Objective(content, list(styles), model=network, size=size, **weights | options)


@contextmanager
def small_tiles(pixels: int = TILE) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: pixels)
        yield


# ---- the matching


def hypercolumns(features: independent.Features) -> dict[str, np.ndarray]:
    """{layer: n×C} at a quarter of the side."""
    quarter = dict(features, conv2_1=independent.pool(features["conv2_1"], "average"))
    height, width = quarter["conv3_1"].shape[1:]
    found = {}
    for layer in LAYERS:
        f, ratio = quarter[layer], {"4": 2, "5": 4}.get(layer[4], 1)
        rows, columns = (
            np.minimum(np.arange(n) // ratio, m - 1)
            for n, m in zip((height, width), f.shape[1:], strict=True)
        )
        found[layer] = f[:, rows][:, :, columns].reshape(len(f), -1).T
    return found


def centred(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Unit vectors, each layer at a variance of 1."""
    every = [f - f.mean(axis=0) for f in columns.values()]
    joined = np.concatenate([f / np.sqrt(np.square(f).sum(axis=1).mean()) for f in every], axis=1)
    return joined / np.linalg.norm(joined, axis=1, keepdims=True)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_the_formula(network: Network, shape: tuple[int, int]) -> None:
    """Matches and losses, computed independently in float64."""
    content, style, x = picture(0, shape), picture(1), picture(2, shape)
    whole = objective(network, content, style, style_scale=shape[0] / 200 * 0.7)
    ((painting, _),) = whole.style_pictures
    features = independent.vgg(vgg_weights().layers, "average", margin=16)
    f, s = (features(p.astype(np.float64)) for p in (x, painting))
    mixed = hypercolumns(features(0.75 * content.astype(np.float64) + 0.25 * x))
    candidates = hypercolumns(s)
    nearest = (centred(mixed) @ centred(candidates).T).argmax(axis=1)
    whole.match(x)
    assert whole.matched is not None
    np.testing.assert_array_equal(whole.matched.reshape(-1), nearest)

    losses, rows = whole.losses(x), whole.matched
    for layer in LAYERS:
        found = independent.pool(f[layer], "average") if layer == "conv2_1" else f[layer]
        target, ratio = np.zeros_like(found), {"4": 2, "5": 4}.get(layer[4], 1)
        for i, j in np.ndindex(found.shape[1:]):
            block = rows[ratio * i : ratio * (i + 1), ratio * j : ratio * (j + 1)].reshape(-1)
            target[:, i, j] = candidates[layer][block].mean(axis=0)
        spread = np.square(candidates[layer] - candidates[layer].mean(axis=0)).sum(axis=1).mean()
        expected = np.square(found - target).sum() / (found[0].size * spread)  # weight: 4, of four layers
        assert losses[f"neighbours/{layer}"] == pytest.approx(expected, rel=1e-5)


def test_a_picture_in_its_own_style_has_no_loss(network: Network) -> None:
    content = picture(0, (208, 64))
    whole = objective(network, content, content)
    losses = whole.losses(content)
    assert whole.matched is not None
    np.testing.assert_array_equal(whole.matched.reshape(-1), np.arange(whole.matched.size))
    assert all(losses[name] < 1e-9 for name in TERMS)


def test_transparent_places_are_no_candidates(network: Network) -> None:
    """Style: the content beside something else. With the content's half transparent only the rest matches."""
    content = picture(0, (128, 64))
    style = np.concatenate([content, picture(1, (128, 64))], axis=1)
    hidden = np.dstack([style, np.ones(style.shape[:2], np.float32)])
    hidden[:, :64, 3] = 0
    found = []
    for painting in (style, hidden):
        whole = objective(network, content, painting)
        whole.match()
        found.append(whole)
    both, half = found
    assert both.losses(content)["neighbours"] < 0.3 * half.losses(content)["neighbours"]
    assert len(half._candidates.weights) == 32 * 16
    assert len(both._candidates.weights) == 2 * 32 * 16
    hidden[..., 3] = 0.1
    with pytest.raises(PictureError, match="too little of"):
        objective(network, content, hidden)


def test_weights_of_several_styles(network: Network) -> None:
    """Equal ones leave the nearest of all; a style without weight is none; more weight attracts more."""
    content, one, other, x = (picture(seed) for seed in range(4))
    alone = objective(network, content, one).losses(x)
    without = objective(network, content, one, other, style_weights=(2.0, 0.0)).losses(x)
    assert [without[name] for name in TERMS] == [alone[name] for name in TERMS]
    shares = []
    for weights in ((1.0, 1.0), (1.0, 1.5), (1.0, 4.0)):
        both = objective(network, content, one, other, style_weights=weights)
        both.match()
        assert both.matched is not None
        shares.append(float((both.matched >= len(both._candidates.weights) // 2).mean()))
    assert 0.2 < shares[0] < 0.8
    assert shares[0] < shares[1] < shares[2]


def test_large_styles_have_a_regular_selection_of_candidates(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in tiles: every third row and column here, of 50×15."""
    monkeypatch.setattr(matching, "MOST", 100)
    options = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1"], "neighbours_layers": LAYERS[:3]}
    whole = objective(network, picture(0), picture(1), **options)
    with small_tiles():
        tiled = objective(network, picture(0), picture(1), **options)
    expected, found = (made._candidates.features for made in (whole, tiled))
    for name in TERMS[:3]:
        assert len(expected[name]) == 17 * 5
        order = [np.lexsort(some[name].round(2).T) for some in (expected, found)]  # tiles change the order
        np.testing.assert_allclose(found[name][order[1]], expected[name][order[0]], rtol=1e-3, atol=1e-3)


# ---- exactness


@pytest.mark.parametrize("channels", [3, 4], ids=["opaque", "with transparency"])
@pytest.mark.parametrize(
    ("preset", "shape", "count", "tile"),
    [
        ("default", (200, 60), 3, TILE),
        ("default", (203, 61), 3, TILE),
        ("default", (563, 61), 4, 400 * 95),
        ("course", (203, 61), 3, 140 * 61),  # has no margin, and rounds sizes up
        ("course", (198, 71), 3, 140 * 71),
    ],
)
def test_whole_tiles_and_shards_agree(
    network: Network, preset: str, shape: tuple[int, int], count: int, tile: int, channels: int
) -> None:
    pictures = picture(0, shape, channels), picture(1, SHAPES[0], channels), picture(5, (90, 130))
    layers = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1"], "neighbours_layers": LAYERS[:count]}
    style_weight = 0.5 if preset == "default" else 0.0  # masked Gram matrices of `course` differ by 2e-5
    options = {"preset": preset, "style_weight": style_weight, **layers}
    whole = objective(network, *pictures, **options)
    with small_tiles(tile):
        tiled, sharded = (
            objective(network, *pictures, team=team, **options) for team in (None, LocalTeam(2))
        )
    evaluations = [type(o._evaluation) for o in (whole, tiled, sharded)]
    assert evaluations == [WholeEvaluation, TiledEvaluation, ShardedEvaluation]
    x = picture(2, shape)
    whole.match(x)
    expected, (_, gradient) = whole.losses(x), whole.value_and_grad(x)
    assert expected["neighbours"] > 0.1 * expected["total"]
    for other in (tiled, sharded):
        other.match(x)
        assert other.matched is not None
        assert whole.matched is not None
        assert other.matched.shape == whole.matched.shape
        assert other.losses(x) == pytest.approx(expected, rel=1e-5)
        found = other.value_and_grad(x)[1]
        assert np.linalg.norm(found - gradient) < 1e-5 * np.linalg.norm(gradient)


def test_the_gradient_is_that_of_finite_differences(network: Network) -> None:
    """Of each layer by itself, along its own gradient."""
    whole, x, step = objective(network, picture(0), picture(1)), picture(2), 1e-3
    for name in TERMS:
        whole.losses(x)
        hold_gradient(whole, name, x, step)


def test_a_pruned_term_is_matched_too(network: Network) -> None:
    x, names = picture(2), TERMS[-1:]
    whole, other = (objective(network, picture(0), picture(1)) for _ in range(2))
    losses, _ = whole.evaluate(x.transpose(2, 0, 1)[None])
    whole.prune(names, losses)
    for made in (whole, other):
        made.match(x)
    whole.prune((), losses)
    assert whole.losses(x) == other.losses(x)


# ---- painting

OPTIONS: dict[str, Any] = {
    "size": (60, 200),
    "pyramid": False,
    "steps": 34,
    "min_change": 0,
    "neighbours_weight": 1.0,
    "neighbours_layers": ["conv2_1", "conv3_1"],
    "content_layers": ["conv3_1"],
    "style_layers": ["conv1_1"],
}


@pytest.mark.parametrize("tiles", [False, True], ids=["whole", "tiles"])
def test_it_resumes(network: Network, tiles: bool, tmp_path: Path) -> None:
    """Before the second matching, when it is due, and after it."""
    stylizer, at = Stylizer(network), (3, 15, 17)
    with small_tiles() if tiles else pytest.MonkeyPatch.context():
        for step in stylizer.steps(picture(0), picture(1), **OPTIONS):
            if step.iteration in at:
                step.checkpoint().save(tmp_path / str(step.iteration))
        expected = step.result()
        for iteration in at:
            saved = Checkpoint.load(tmp_path / str(iteration))
            *_, last = stylizer.steps(picture(0), picture(1), resume=saved, **OPTIONS)
            resumed = last.result()
            np.testing.assert_array_equal(resumed.array, expected.array)
            assert [row["total"] for row in resumed.history] == [row["total"] for row in expected.history]


@pytest.mark.parametrize("optimiser", ["preconditioned", "lbfgs", "adam"])
def test_it_is_matched_again_every_15_evaluations(network: Network, optimiser: str) -> None:
    """Losses before and after are not compared: the result is the best since the last matching."""
    matched, painting = [], Stylizer(network)
    for step in painting.steps(picture(0), picture(1), optimiser=optimiser, **OPTIONS):
        matched.append(step._run._objective.matched)
    changes = [i for i, (a, b) in enumerate(itertools.pairwise(matched)) if not np.array_equal(a, b)]
    assert set(changes) <= {14, 29}
    assert 14 in changes
    totals = [row["total"] for row in step.result().history]
    assert step.result().losses["total"] == min(totals[30:])
    assert totals[-1] < 0.7 * totals[0]


def test_it_paints_in_shards(network: Network) -> None:
    whole = Stylizer(network).stylize(picture(0), picture(1), **OPTIONS)
    with small_tiles():
        sharded = Stylizer(network, team=LocalTeam(2)).stylize(picture(0), picture(1), **OPTIONS)
    first, *_, last = (row["neighbours"] for row in sharded.history)
    assert last < 0.7 * first
    assert last == pytest.approx(whole.history[-1]["neighbours"], rel=0.02)


def test_its_layers_are_the_style_layers_but_the_first(network: Network) -> None:
    found = objective(network, picture(0), picture(1), neighbours_layers=None).settings.weights
    layers = [name.partition("/")[2] for name in found if name.startswith("neighbours/")]
    assert layers == list(network.extractor.facts.style_layers[1:])
