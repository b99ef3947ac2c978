"""Losses and gradient by tiles against those of one graph for the whole picture."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import network_of, squeezenet, vgg_network, vgg_weights

import nst_onnx
from nst_onnx import Objective
from nst_onnx.errors import GraphError, OptionError
from nst_onnx.models.metadata import TORCHVISION
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.tiles import memory_model
from nst_onnx.objective.tiles.layout import Halo, halos, layout
from nst_onnx.objective.tiles.memory_model import tile_pixels
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.presets import PRESETS
from nst_onnx.runtime import BACKENDS
from nst_onnx.support.memory import Memory

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Network]:
    folder = tmp_path_factory.mktemp
    return {
        "vgg": vgg_network(folder("vgg19")),
        "vgg16": vgg_network(folder("vgg16"), vgg_weights("vgg16", seed=1)),
        "squeezenet": network_of(squeezenet(), folder("squeezenet"), TORCHVISION),
    }


@contextmanager
def tiles_of(pixels: int) -> Iterator[None]:
    """Leave as much memory as tiles of so many pixels take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: pixels)
        yield


def picture(seed: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    """Patches and noise, other colours for every seed; a fourth channel is transparent here and there."""
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.random((2, channels)), axis=0)
    coarse = (
        rng.random((height // 9 + 1, width // 9 + 1, channels)).repeat(9, 0).repeat(9, 1)[:height, :width]
    )
    fine = rng.random((height, width, channels))
    made: np.ndarray = (low + (high - low) * (0.7 * coarse + 0.3 * fine)).astype(np.float32)
    if channels == 4:
        made[..., 3] = np.clip(2 * coarse[..., 3] - 0.5, 0, 1)
    return made


def pair(pixels: int, *pictures: Any, **options: Any) -> tuple[Objective, Objective]:
    """The same objective in one piece and in tiles."""
    whole = Objective(*pictures, **options)
    with tiles_of(pixels):
        tiled = Objective(*pictures, **options)
    assert isinstance(whole._evaluation, WholeEvaluation)
    assert count(tiled) > 1
    return whole, tiled


def count(objective: Objective) -> int:
    """How many tiles there are."""
    assert isinstance(objective._evaluation, TiledEvaluation)
    return len(objective._evaluation.layout.bands) * len(objective._evaluation.layout.columns)


def any_tiles(rng: np.random.Generator, *pictures: Any, **options: Any) -> tuple[Objective, Objective]:
    """The same, with tiles from the smallest that there can be up to nearly the picture."""
    whole = Objective(*pictures, **options)
    margin, around = whole.terms.margin, halos(whole.network.extractor, whole.terms)
    shapes = [whole.shape, *((rgb.shape[0], rgb.shape[1]) for rgb, _ in whole.style_pictures)]
    most = (whole.shape[0] + 2 * margin) * (whole.shape[1] + 2 * margin)
    least = max(smallest(shape, margin, around) for shape in shapes)
    return pair(int(rng.uniform(least, max(least, 0.9 * most))), *pictures, **options)


def smallest(shape: tuple[int, int], margin: int, around: tuple[Halo, Halo]) -> int:
    """How many pixels a tile must have at least, about."""
    pixels = (shape[0] + 2 * margin) * (shape[1] + 2 * margin)
    with suppress(OptionError):
        while layout(shape, margin, pixels - 500, around):
            pixels -= 500
    return pixels


def alike(whole: Objective, tiled: Objective, seeds: tuple[int, ...] = (5,)) -> None:
    """Every loss and the gradient: relative errors below the tolerance."""
    for seed in seeds:
        x = picture(seed, *tiled.shape)
        expected, found = whole.losses(x), tiled.losses(x)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            rounding = 1e-6 * expected["total"]  # where a layer's loss is a small difference
            assert found[name] == pytest.approx(value, rel=TOLERANCE, abs=rounding * (name != "total")), name
        _, exact = whole.value_and_grad(x)
        _, gradient = tiled.value_and_grad(x)
        assert np.linalg.norm(gradient - exact) < TOLERANCE * np.linalg.norm(exact)


def sides(rng: np.random.Generator, low: int, high: int) -> tuple[int, int]:
    return int(rng.integers(low, high)), int(rng.integers(low, high))


CASES = [
    *itertools.product(["vgg"], sorted(set(PRESETS) - {"narayanan"}), [None, "max", "average"]),
    *itertools.product(["vgg16"], ["narayanan"], [None, "max", "average"]),
    *itertools.product(["squeezenet"], ["default"], [None, "max", "average"]),
]


@pytest.mark.parametrize(("kind", "preset", "pooling"), CASES)
def test_tiles_change_nothing(
    kind: str, preset: str, pooling: str | None, networks: dict[str, Network]
) -> None:
    """Sizes, tiles, transparency and styles at random; every preset has its own total variation."""
    rng = np.random.default_rng([CASES.index((kind, preset, pooling))])
    low, high = (60, 150) if kind == "squeezenet" else (220, 290)
    height, width = sides(rng, low, high)
    content = picture(0, height, width, int(rng.integers(3, 5)))
    style = picture(1, *sides(rng, low, high))
    options: dict[str, Any] = {"preset": preset, "pooling": pooling, "size": (width, height)}
    if any(weighted.loss.name == "tv" for weighted in PRESETS[preset].losses):
        options["tv_weight"] = 0.3 if preset == "default" else 1e-3
    alike(*any_tiles(rng, content, style, model=networks[kind], **options))


def test_the_network_that_is_shipped() -> None:
    network = NetworkChoice("compact", "cpu").open(PRESETS["default"])
    pictures = picture(0, 190, 205), picture(1, 150, 160)
    alike(*pair(36_000, *pictures, model=network, size=(205, 190), tv_weight=1))


@pytest.mark.parametrize("pooling", [None, "max", "average"])
@pytest.mark.parametrize("seed", range(6))
def test_rounding_in_the_pooling_whatever_the_size(
    seed: int, pooling: str | None, networks: dict[str, Network]
) -> None:
    rng = np.random.default_rng(seed)
    height, width = sides(rng, 60, 150)
    pictures = picture(0, height, width), picture(1, width, height)
    whole, tiled = any_tiles(
        rng, *pictures, model=networks["squeezenet"], size=(width, height), pooling=pooling, tv_weight=0.3
    )
    alike(whole, tiled)


@pytest.mark.parametrize("preset", ["course", "log0"])
@pytest.mark.parametrize("seed", range(3))
def test_rounding_up_whatever_the_size(seed: int, preset: str, networks: dict[str, Network]) -> None:
    """With layers that are shallow enough for small tiles."""
    rng = np.random.default_rng(seed)
    height, width = sides(rng, 60, 150)
    layers: dict[str, Any] = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1", "conv3_2"]}
    pictures = picture(0, height, width), picture(1, width, height)
    options: dict[str, Any] = {"model": networks["vgg"], "size": (width, height), "preset": preset}
    alike(*any_tiles(rng, *pictures, **options, **layers))


@pytest.mark.parametrize("pooling", [None, "max", "average"])
@pytest.mark.parametrize("width", [128, 129, 130, 131, 135, 142, 143])
def test_a_margin_extended_to_a_fast_width(
    width: int, pooling: str | None, networks: dict[str, Network]
) -> None:
    """With layers so shallow that no core sees the end of the margin."""
    layers: dict[str, Any] = {"content_layers": ["conv3_1"], "style_layers": ["conv1_1", "conv2_1"]}
    options: dict[str, Any] = {"model": networks["vgg"], "size": (width, 90), "pooling": pooling}
    whole, tiled = pair(6_500, picture(2, 90, width), picture(3, 95, width), **options, **layers)
    assert isinstance(tiled._evaluation, TiledEvaluation)
    assert tiled._evaluation.layout.extension == -width % 16
    alike(whole, tiled)


@pytest.mark.parametrize("transparent", [(3, 4), (4, 3), (4, 4)])
def test_what_is_transparent_has_no_say(transparent: tuple[int, int], networks: dict[str, Network]) -> None:
    """In the content, in a style, or in both."""
    content, style = picture(0, 130, 111, transparent[0]), picture(1, 123, 117, transparent[1])
    alike(*pair(4_000, content, style, model=networks["squeezenet"], size=(111, 130)))


def test_a_frame_is_held_to_the_one_before(networks: dict[str, Network]) -> None:
    rng = np.random.default_rng(0)
    held = Temporal(picture(2, 130, 111), rng.random((130, 111)).astype(np.float32), 3.0)
    pictures = picture(0, 130, 111), picture(1, 123, 117)
    options: dict[str, Any] = {"model": networks["squeezenet"], "size": (111, 130), "tv_weight": 0.2}
    whole, tiled = pair(4_000, *pictures, held_to=held, **options)
    alike(whole, tiled)
    assert whole.losses(pictures[0])["temporal"] > 0


@pytest.mark.parametrize("weight", ["content_weight", "style_weight"])
def test_one_kind_of_loss_alone(weight: str, networks: dict[str, Network]) -> None:
    alike(
        *pair(
            4_000,
            picture(0, 90, 121),
            picture(1, 70, 60),
            model=networks["squeezenet"],
            size=(121, 90),
            **{weight: 0},
        )
    )


def test_the_gram_matrices_of_a_large_style(networks: dict[str, Network]) -> None:
    network, style = networks["squeezenet"], picture(1, 150, 131)
    terms = Objective(picture(0, 80, 80), style, model=network, size=80).terms
    planes = np.ascontiguousarray(style.transpose(2, 0, 1))
    expected = WholeEvaluation(network, terms, (150, 131)).statistics(planes, "style")
    cut = layout((150, 131), terms.margin, 5_000, halos(network.extractor, terms))
    found = TiledEvaluation(network, terms, cut).statistics(planes, "style")
    assert found.keys() == expected.keys()
    for name, gram in expected.items():
        np.testing.assert_allclose(found[name], gram, rtol=1e-4, atol=TOLERANCE * np.abs(gram).max())


def test_buffers_used_again(networks: dict[str, Network]) -> None:
    """Another picture, and then the first one again."""
    whole, tiled = pair(
        4_000,
        picture(0, 130, 111),
        picture(1, 90, 90),
        model=networks["squeezenet"],
        size=(111, 130),
        tv_weight=1,
    )
    alike(whole, tiled, seeds=(5, 6, 5))


@pytest.mark.parametrize("channels", [3, 4])
def test_on_disk_and_again_the_same_bits(channels: int, networks: dict[str, Network]) -> None:
    content, style = picture(0, 130, 111, channels), picture(1, 90, 90)
    x = np.ascontiguousarray(picture(5, 130, 111).transpose(2, 0, 1))

    def evaluated(on_disk: bool) -> tuple[np.ndarray, np.ndarray]:
        with pytest.MonkeyPatch.context() as patch, tiles_of(4_000):
            patch.setattr("nst_onnx.support.memory.Memory.holds", lambda *_: not on_disk)
            objective = Objective(
                content, style, model=networks["squeezenet"], size=(111, 130), tv_weight=1, content_weight=0.1
            )
        losses, gradient = objective.evaluate(x[None])
        assert isinstance(gradient.base, np.memmap) == on_disk
        return losses, gradient.copy()

    losses, gradient = evaluated(on_disk=False)
    for on_disk in (False, True):
        again, slope = evaluated(on_disk)
        np.testing.assert_array_equal(again, losses)
        np.testing.assert_array_equal(slope, gradient)


# The whole way


@pytest.mark.parametrize("optimiser", ["preconditioned", "lbfgs", "adam"])
def test_a_picture_is_painted_the_same(optimiser: str, networks: dict[str, Network]) -> None:
    stylizer = nst_onnx.Stylizer(networks["squeezenet"])
    content, style = picture(0, 130, 111), picture(1, 90, 90)
    options: dict[str, Any] = {"size": (111, 130), "steps": 6, "optimiser": optimiser, "max_memory": "512MB"}
    whole = stylizer.stylize(content, style, **options)
    with tiles_of(4_000):
        tiled = stylizer.stylize(content, style, **options)
    assert tiled.losses["total"] == pytest.approx(whole.losses["total"], rel=1e-3)
    assert np.abs(tiled.array - whole.array).mean() < 1e-3
    assert np.abs(tiled.array - content).mean() > 1e-2
    assert not np.array_equal(tiled.array, whole.array)  # as sums in another order are a little different


def test_a_budget_makes_tiles(networks: dict[str, Network], monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the program itself left no more than tiles of 4000 pixels take."""
    network = networks["squeezenet"]
    options: dict[str, Any] = {"model": network, "size": (111, 130), "max_memory": "512MB"}
    pictures = picture(0, 130, 111), picture(1, 90, 90)
    whole = Objective(*pictures, **options)
    assert isinstance(whole._evaluation, WholeEvaluation)
    some, twice = (tile_pixels(network, whole.terms, Memory(n << 29)) for n in (1, 2))
    each = memory_model._SHARE * (1 << 29) / (twice - some)
    monkeypatch.setattr(memory_model, "_PROGRAM", memory_model._PROGRAM + (some - 4_000) * each)
    tiled = Objective(*pictures, **options)
    assert isinstance(tiled._evaluation, TiledEvaluation)
    assert np.prod(tiled._evaluation.layout.window) <= 4_000
    alike(whole, tiled)


@pytest.mark.parametrize("gpu", [False, True])
def test_tiles_are_small_enough_for_a_processors_caches(
    networks: dict[str, Network], monkeypatch: pytest.MonkeyPatch, gpu: bool
) -> None:
    """However much memory there is; a GPU takes them as large as its memory allows."""
    monkeypatch.setattr(memory_model, "_CACHED", 9_000)
    monkeypatch.setattr(memory_model, "_HALOS", 0)
    monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], gpu=gpu))
    pictures = picture(0, 180, 170), picture(1, 90, 90)
    whole, tiled = pair(25_000, *pictures, model=networks["squeezenet"], size=(170, 180))
    pixels = np.prod(tiled._evaluation.layout.window)
    assert pixels > 9_000 if gpu else pixels <= 9_000
    alike(whole, tiled)


def test_a_wide_halo_needs_larger_tiles() -> None:
    narrow, wide = Halo(4, 10, 10), Halo(16, 60, 90)
    assert memory_model.cached_pixels((narrow, narrow)) == memory_model._CACHED
    assert memory_model.cached_pixels((narrow, wide)) == (memory_model._HALOS * 90) ** 2


@pytest.mark.parametrize("size", ["12 bananas", "2 GB of it", "-1", "", True, "nan", "1MB", 0])
def test_sizes_that_make_no_sense(size: Any) -> None:
    with pytest.raises(OptionError, match="max_memory"):
        nst_onnx.stylize(picture(0, 40, 40), picture(1, 40, 40), max_memory=size)


def test_too_little_memory_is_told(networks: dict[str, Network]) -> None:
    pictures = picture(0, 130, 111), picture(1, 60, 60)
    stylizer = nst_onnx.Stylizer(networks["vgg"])
    with tiles_of(2_000), pytest.raises(OptionError, match="not enough memory for a single tile") as caught:
        stylizer.stylize(*pictures, size=130, steps=2)
    assert "max-memory" in caught.value.hint


def test_layers_that_see_the_whole_picture_are_told(tmp_path: Path) -> None:
    """A squeeze-and-excitation: each channel times what its mean over the picture says."""
    from nst_onnx.graph import Graph

    g = Graph()
    g.input("data", [1, 3, None, None])
    rng = np.random.default_rng(0)
    first = g.op("Relu", g.op("Conv", "data", g.constant(rng.standard_normal((4, 3, 3, 3))), pads=[1] * 4))
    scaled = g.op("Mul", first, g.op("Sigmoid", g.op("GlobalAveragePool", first)))
    last = g.op("Relu", g.op("Conv", scaled, g.constant(rng.standard_normal((4, 4, 3, 3))), pads=[1] * 4))
    g.output(last, last)
    network = network_of(g.model(), tmp_path, TORCHVISION)
    pictures = picture(0, 80, 70), picture(1, 60, 60)
    options: dict[str, Any] = {"model": network, "size": (70, 80), "content_layers": [last]}
    with tiles_of(3_000), pytest.raises(GraphError, match=r"GlobalAveragePool.*whole picture") as caught:
        Objective(*pictures, style_layers=[last], **options)
    assert "layers before it" in caught.value.hint
    assert Objective(*pictures, style_layers=[last], **options)


@pytest.mark.parametrize("narrow", [1, 5, 17])
def test_narrow_pictures(narrow: int, networks: dict[str, Network]) -> None:
    """So narrow that the deepest layers have a single column, of which poolings see only a part."""
    pictures = picture(0, 420, narrow), picture(1, 300, narrow)
    options: dict[str, Any] = {"model": networks["vgg"], "preset": "gatys2015", "size": (narrow, 420)}
    alike(*pair(300 * narrow, *pictures, **options))
