"""The losses of regions against an independent float64 computation, whole, in tiles and in shards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import independent
from support.networks import vgg_network, vgg_weights
from support.pictures import patchwork

from nst_onnx import Objective, Region
from nst_onnx.objective.guides import guide_of, inside
from nst_onnx.objective.losses import STATISTICS, wasserstein
from nst_onnx.objective.losses.loss import StatisticLoss
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tiles.tiled import TiledEvaluation

HEIGHT, WIDTH = 200, 60
NAMES = [name for name, loss in STATISTICS.items() if isinstance(loss, StatisticLoss)]
FIELDS = {"conv1_1": (1, -1, 1), "conv2_1": (2, -4, 5), "conv3_1": (4, -10, 13)}
"""Stride, and the first and last pixel that position 0 sees, counted by hand: 3×3 windows, pooling by 2."""
LAYERS = tuple(FIELDS)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


def picture(seed: int, channels: int = 3) -> np.ndarray:
    return patchwork(HEIGHT, WIDTH, channels, seed=seed)


def upper(soft: bool) -> np.ndarray:
    """The upper 130 rows; or with an edge of 40 rows."""
    rows = np.arange(HEIGHT)
    levels = np.clip((150 - rows) / 40, 0, 1) if soft else (rows < 130).astype(np.float64)
    return np.repeat(levels[:, None], WIDTH, 1).astype(np.float32)


def narrow() -> np.ndarray:
    """Columns so few that no position of conv3_1 sees them alone."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, 20:34] = 1
    return mask


MASKS = {"hard": upper(False), "soft": upper(True), "narrow": narrow()}


def objective(network: Network, statistic: str, mask: np.ndarray, **more: Any) -> Objective:
    options: dict[str, Any] = {
        "style_layers": list(LAYERS),
        "content_weight": 0,
        "style_statistic": statistic,
        "guides": "inside",
    }
    regions = [Region(mask, picture(1)), Region("rest", picture(3), strength=0.6)]
    content = more.pop("content", picture(0))
    return Objective(content, (), model=network, size=(WIDTH, HEIGHT), regions=regions, **options | more)


# ---- guides, straight from their definitions


def plain(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bilinear interpolation between pixels' centres."""
    found = mask.astype(np.float64)
    for axis, count in enumerate(shape):
        old = found.shape[axis]
        place = np.clip((np.arange(count) + 0.5) * old / count - 0.5, 0, old - 1)
        low = np.floor(place).astype(int)
        share = (place - low).reshape([-1, 1] if axis == 0 else [1, -1])
        after = np.take(found, np.minimum(low + 1, old - 1), axis)
        found = np.take(found, low, axis) * (1 - share) + after * share
    return found


def within(mask: np.ndarray, shape: tuple[int, int], field: tuple[int, int, int]) -> np.ndarray:
    """The least in each receptive field."""
    stride, first, last = field
    found = np.empty(shape)
    for row in range(shape[0]):
        for column in range(shape[1]):
            top, left = (max(0, p * stride + first) for p in (row, column))
            found[row, column] = mask[top : row * stride + last + 1, left : column * stride + last + 1].min()
    return found


def guide(mask: np.ndarray, shape: tuple[int, int], layer: str) -> tuple[np.ndarray, bool]:
    inner, outer = within(mask, shape, FIELDS[layer]), plain(mask, shape)
    wide = inner.sum() >= 0.25 * outer.sum()
    return (inner if wide else outer), bool(wide)


@pytest.mark.parametrize("name", list(MASKS))
@pytest.mark.parametrize("layer", LAYERS)
def test_guides(network: Network, name: str, layer: str) -> None:
    from nst_onnx.objective.tile_graphs import tile_fields

    found = objective(network, "moments", MASKS[name])
    field = tile_fields(network.extractor, found.terms)[layer]
    stride = FIELDS[layer][0]
    assert [(axis.stride, axis.first, axis.last) for axis in field] == [FIELDS[layer]] * 2
    shape = HEIGHT // stride, WIDTH // stride
    expected, is_inside = guide(MASKS[name], shape, layer)
    weights, chosen_inside = guide_of(MASKS[name], shape, field, "inside")
    assert chosen_inside is is_inside
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    weights, chosen_inside = guide_of(MASKS[name], shape, field, "plain")
    assert not chosen_inside
    np.testing.assert_allclose(weights, plain(MASKS[name], shape), atol=1e-6)
    np.testing.assert_array_equal(
        inside(MASKS[name], shape, field), within(MASKS[name], shape, FIELDS[layer]).astype(np.float32)
    )


def test_both_guides_are_in_these_tests() -> None:
    chosen = {
        guide(mask, (HEIGHT // FIELDS[layer][0], WIDTH // FIELDS[layer][0]), layer)[1]
        for mask in MASKS.values()
        for layer in LAYERS
    }
    assert chosen == {True, False}


# ---- losses


def weighted(f: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Second moments and means, with weights."""
    rows, share = f.reshape(len(f), -1), w.reshape(-1) / w.sum()
    return (rows * share) @ rows.T, rows @ share


def distance(statistic: str, f: np.ndarray, w: np.ndarray, a: np.ndarray) -> complex:
    """Of real features; or of complex ones, for derivatives."""
    (second, mean), (target, style_mean) = weighted(f, w), weighted(a, np.ones(a.shape[1:]))
    if statistic == "gram":
        return independent.relative(second, target)
    own, style = second - np.outer(mean, mean), target - np.outer(style_mean, style_mean)
    if statistic == "moments":
        squares = np.diagonal(target)
        floor, least = 1e-4 * squares.mean(), 0.05 * squares.sum()
        deviations = [np.sqrt(np.diagonal(c) + floor) for c in (own, style)]
        return (
            independent.relative(second, target)
            + independent.relative(mean, style_mean, least)
            + independent.relative(*deviations, least)
        )
    ridge = wasserstein.RIDGE * np.trace(style) / len(style) * np.eye(len(style))
    own, style = own + ridge, style + ridge
    w2 = ((mean - style_mean) ** 2).sum() + np.trace(own) + np.trace(style) - 2 * overlap(own, style)
    return w2 / ((style_mean**2).sum() + np.trace(style))


def overlap(own: np.ndarray, style: np.ndarray) -> complex:
    """tr (R Σ R)^½, R² being the style's covariance; imaginary its derivative, ½ tr R (R Σ R)^-½ R dΣ."""
    values, vectors = np.linalg.eigh(style)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner, inner_vectors = np.linalg.eigh(root @ own.real @ root)
    outer = root @ inner_vectors
    slopes = np.einsum("ij,ik,kj->j", outer, np.imag(own), outer)
    roots = np.sqrt(np.maximum(inner, 1e-12 * inner.max()))
    return roots.sum() + 1j * (0.5 * slopes / roots).sum()


def expected_losses(
    statistic: str,
    mask: np.ndarray,
    x: np.ndarray,
    opacity: np.ndarray | None = None,
    guides: str = "inside",
) -> dict[str, complex]:
    """{term: loss} of a picture, with the weight of each pixel beside the regions'."""
    opacity = np.ones((HEIGHT, WIDTH)) if opacity is None else opacity.astype(np.float64)
    shallow = {name: weights for name, weights in vgg_weights().layers.items() if name < "conv4"}
    features = independent.vgg(shallow, "average", margin=16)
    f = features(x if np.iscomplexobj(x) else x.astype(np.float64))
    name, found = STATISTICS[statistic].name, {}
    balance = {"mask": 1.0, "rest": 1 / ((1 - 0.6) / 0.6) ** 3}
    for region, weights, style in (("mask", mask, picture(1)), ("rest", 1 - mask, picture(3))):
        a = features(style.astype(np.float64))
        for layer in LAYERS:
            shape = f[layer].shape[1:]
            size = shape[0], shape[1]
            w = guide(weights, size, layer)[0] if guides == "inside" else plain(weights, size)
            w = w * plain(opacity, size)
            share = (weights * opacity).sum() / opacity.sum()
            factor = min(1, f[layer][0].size / (8 * len(f[layer]))) * share
            value = distance(statistic, f[layer], w, a[layer]) * factor * balance[region] / len(LAYERS)
            found[f"{name}/{layer}@{region}"] = value
    return found


def named(losses: dict[str, float]) -> dict[str, float]:
    """Arrays have no file name: the first region is called after its type."""
    return {name.replace("@ndarray", "@mask"): value for name, value in losses.items() if "@" in name}


FORMS = pytest.mark.parametrize(
    ("channels", "guides"),
    [(3, "inside"), (4, "inside"), (3, "plain"), (4, "plain")],
    ids=["inside", "inside, with transparency", "plain", "plain, with transparency"],
)


@FORMS
@pytest.mark.parametrize("mask", list(MASKS))
@pytest.mark.parametrize("statistic", NAMES)
def test_value_and_gradient_are_those_of_the_formula(
    network: Network, statistic: str, mask: str, channels: int, guides: str
) -> None:
    rng, x, content = np.random.default_rng(4), picture(2), picture(0, channels)
    opacity = content[..., 3] if channels == 4 else None
    made = objective(network, statistic, MASKS[mask], content=content, guides=guides)
    found = made.losses(x)
    expected = expected_losses(statistic, MASKS[mask], x, opacity, guides)
    exact_terms = {name: float(np.real(loss)) for name, loss in expected.items()}
    # A Wasserstein distance is a difference of traces, which float32 rounds, and not alike on all processors.
    rounding = float(np.finfo(np.float32).eps) / 2 if statistic == "wasserstein" else None
    assert named(found) == pytest.approx(exact_terms, rel=1e-5, abs=rounding)
    assert found["style"] == pytest.approx(sum(exact_terms.values()), rel=1e-5)
    assert found["style"] == pytest.approx(sum(named(found).values()))

    _, gradient = made.value_and_grad(x)
    directions = rng.standard_normal((3, *x.shape))
    directions[0] = gradient / np.abs(gradient).max()
    exact = independent.complex_slopes(
        lambda at: sum(expected_losses(statistic, MASKS[mask], at, opacity, guides).values()),
        x.astype(np.float64),
        directions,
    )
    analytic = (directions * gradient).sum((1, 2, 3))
    scale = np.linalg.norm(gradient) * np.linalg.norm(directions.reshape(3, -1), axis=1)
    assert (np.abs(analytic - exact) < 1e-5 * np.abs(exact) + 1e-7 * scale).all()


@FORMS
@pytest.mark.parametrize("mask", list(MASKS))
@pytest.mark.parametrize("statistic", [*NAMES, "neighbours"])
def test_whole_tiles_and_shards_agree(
    network: Network, statistic: str, mask: str, channels: int, guides: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(0, channels)
    whole = objective(network, statistic, MASKS[mask], content=content, guides=guides)
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 110 * 92)
    tiled, sharded = (
        objective(network, statistic, MASKS[mask], content=content, guides=guides, team=team)
        for team in (None, LocalTeam(2))
    )
    assert isinstance(tiled._evaluation, TiledEvaluation)
    assert isinstance(sharded._evaluation, ShardedEvaluation)
    x = picture(2)
    value, gradient = whole.value_and_grad(x)
    for other in (tiled, sharded):
        found, its_gradient = other.value_and_grad(x)
        assert found == pytest.approx(value, rel=1e-5)
        assert np.linalg.norm(its_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)


def test_no_pixel_outside_has_a_gradient_with_inside_guides(network: Network) -> None:
    mask = MASKS["hard"]
    found = Objective(
        picture(0),
        (),
        model=network,
        size=(WIDTH, HEIGHT),
        regions=[Region(mask, picture(1))],
        style_layers=list(LAYERS),
        content_weight=0,
        guides="inside",
    )
    _, gradient = found.value_and_grad(picture(2))
    assert np.abs(gradient[mask > 0]).min() >= 0
    assert (gradient[mask > 0] != 0).mean() > 0.9
    assert (gradient[mask == 0] == 0).all()


@pytest.mark.parametrize("statistic", [*NAMES, "neighbours"])
def test_one_region_of_everything_is_no_region(network: Network, statistic: str) -> None:
    options: dict[str, Any] = {"model": network, "size": (WIDTH, HEIGHT), "style_statistic": statistic}
    everything = np.ones((HEIGHT, WIDTH), np.float32)
    one = Objective(picture(0), picture(1), **options)
    regions = Objective(picture(0), (), regions=[Region(everything, picture(1))], **options)
    (value, gradient), (other, same) = (o.value_and_grad(picture(2)) for o in (one, regions))
    assert other == pytest.approx(value, rel=1e-5)
    assert np.linalg.norm(same - gradient) < 1e-5 * np.linalg.norm(gradient)


def test_neighbours_are_matched_within_a_region(network: Network) -> None:
    found = objective(network, "neighbours", MASKS["hard"])
    found.match()
    assert found.matched is not None
    assert found._candidates is not None
    labels = found._candidates.labels[found.matched]
    rows = np.arange(found.matched.shape[0]) * HEIGHT / found.matched.shape[0]
    assert (labels[rows < 120] == 0).all()
    assert (labels[rows > 140] == 1).all()


def quartered(features: independent.Features) -> dict[str, np.ndarray]:
    """{layer: C×h×w}, averaged to a stride of 4 pixels."""
    found = {}
    for layer in LAYERS:
        f = features[layer]
        for _ in range({"1": 2, "2": 1, "3": 0}[layer[4]]):
            f = independent.pool(f, "average")
        found[layer] = f
    return found


def directions(columns: dict[str, np.ndarray], of: dict[str, np.ndarray]) -> np.ndarray:
    """Hypercolumns n×ΣC as unit vectors, after mean and variance of those in `of` are taken out."""
    centred = []
    for layer, rows in columns.items():
        mean = of[layer].mean(0)
        centred.append((rows - mean) / np.sqrt(((of[layer] - mean) ** 2).sum(1).mean()))
    joined = np.concatenate(centred, axis=1)
    return joined / np.linalg.norm(joined, axis=1, keepdims=True)


@pytest.mark.parametrize("mask", list(MASKS))
def test_neighbours_have_the_value_of_their_formula(network: Network, mask: str) -> None:
    """Each position is matched within its region; regions weigh by the factor of their strength."""
    made = objective(network, "neighbours", MASKS[mask])
    found = made.losses(picture(2))
    shallow = {name: weights for name, weights in vgg_weights().layers.items() if name < "conv4"}
    features = independent.vgg(shallow, "average", margin=16)
    x, content, *styles = (quartered(features(picture(n).astype(np.float64))) for n in (2, 0, 1, 3))
    rows = {layer: content[layer].reshape(len(content[layer]), -1).T for layer in LAYERS}
    candidates = {
        layer: np.concatenate([style[layer].reshape(len(style[layer]), -1).T for style in styles])
        for layer in LAYERS
    }
    each = len(next(iter(candidates.values()))) // 2
    factors = np.array([1.0, 1 / ((1 - 0.6) / 0.6) ** 3])
    shape = HEIGHT // 4, WIDTH // 4
    shares = np.stack([plain(m, shape) for m in (MASKS[mask], 1 - MASKS[mask])])
    region = shares.argmax(0).reshape(-1)

    cosines = directions(rows, rows) @ directions(candidates, candidates).T
    cosines[region[:, None] != np.arange(2 * each)[None] // each] = -np.inf
    assert made.matched is not None
    matched = made.matched.reshape(-1)
    chosen = np.take_along_axis(cosines, matched[:, None], 1)[:, 0]
    assert np.abs(chosen - cosines.max(1)).max() < 1e-5

    weights = np.tensordot(factors, shares, 1).reshape(-1)
    together = float(factors @ [m.mean(dtype=np.float64) for m in (MASKS[mask], 1 - MASKS[mask])])
    for layer in LAYERS:
        target = candidates[layer][matched]
        squares = ((x[layer].reshape(len(x[layer]), -1).T - target) ** 2).sum(1)
        variance = ((candidates[layer] - candidates[layer].mean(0)) ** 2).sum(1).mean()
        expected = together * (weights @ squares) / (weights.sum() * variance) / len(LAYERS)
        assert found[f"neighbours/{layer}"] == pytest.approx(expected, rel=1e-5)
