"""Fine levels: their sizes, their objective, their start, and pictures as large as the photo."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networks import vgg_network, vgg_weights
from support.pictures import smooth_picture

from nst_onnx.objective.sessions import Network
from nst_onnx.painting import fine_levels, painting, presets, pyramid
from nst_onnx.painting.detail import add_detail
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.plan import Plan
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.picture import read, resize
from nst_onnx.support.memory import Memory


@given(height=st.integers(1, 20000), width=st.integers(1, 20000))
def test_sizes(height: int, width: int) -> None:
    levels = fine_levels.shapes((height, width))
    assert levels[-1] == (height, width)
    fine = [level for level in levels if fine_levels.is_fine(level)]
    if max(height, width) <= 1280 or max(height, width) > 8 * min(height, width):
        assert levels == pyramid.shapes((height, width))
        return
    coarse = levels[: -len(fine)]
    assert max(coarse[-1]) == 1024
    for one, next_one in pairwise([coarse[-1], *fine]):
        assert max(one) < max(next_one) <= 2.5 * max(one) + 2


@pytest.fixture(scope="module")
def compact() -> Network:
    return Network.open("compact", "cpu")


def plan(network: Network, size: Any, **options: Any) -> Plan:
    content = read(np.zeros((30, 40, 3), np.float32))
    style = read(np.asarray(smooth_picture(40, 50, seed=2).convert("RGB")))
    return Plan.of(
        Options(size=size, **options), network.extractor, network.device, Inputs(content, (style,))
    )


def test_shallow_layers_only(compact: Network) -> None:
    found = plan(compact, 2000)
    coarse, fine = (found.objective_at(shape) for shape in (found.shapes[0], found.shapes[-1]))
    assert coarse is found.objective
    assert list(fine.weights) == ["content/conv3_1", "moments/conv1_1", "moments/conv2_1", "moments/conv3_1"]
    assert fine.styles_enlarged_to == 512

    def style_weight(weights: Any) -> float:
        return sum(weight for name, weight in weights.items() if name.startswith("moments/"))

    assert style_weight(fine.weights) == pytest.approx(style_weight(coarse.weights))
    assert fine.weights["content/conv3_1"] == coarse.weights["content/conv3_3"]


@pytest.mark.parametrize(("options", "part"), [({}, 0.5), ({"style_layers": ["conv1_1"]}, 1.0)], ids=repr)
def test_fine_levels_get_half_the_share_of_steps(
    compact: Network, options: dict[str, Any], part: float
) -> None:
    found = plan(compact, 2000, steps=4000, **options)
    settled = max(shape for shape in found.shapes if max(shape) <= 1024)
    steps = dict(zip(found.shapes, found.budgets, strict=True))
    assert (steps[found.shapes[-1]] - 4) / (steps[settled] - 4) == pytest.approx(
        part * (1024 / 2000) ** 2, rel=0.01
    )


def test_given_layers_are_kept(compact: Network) -> None:
    given = plan(compact, 2000, style_layers=["conv1_1", "conv3_4"])
    assert given.objective_at(given.shapes[-1]) is given.objective


def test_neighbours_take_no_part(compact: Network) -> None:
    found = plan(compact, 2000, neighbours_weight=0.1)
    assert any(name.startswith("neighbours/") for name in found.objective.weights)
    assert not any(name.startswith("neighbours/") for name in found.objective_at(found.shapes[-1]).weights)


def test_paintings_are_not_enlarged(compact: Network) -> None:
    found = plan(compact, 2000)
    small, large = (read(np.zeros((side, side // 2, 3), np.float32)) for side in (100, 900))
    fine = found.objective_at(found.shapes[-1])
    assert [fine.style_longest(2000, style) for style in (small, large)] == [512, 900]
    assert [found.objective.style_longest(2000, style) for style in (small, large)] == [2000, 2000]
    assert fine.style_longest(300, large) == 300


def test_the_start_has_the_photos_detail() -> None:
    content = np.asarray(smooth_picture(40, 60, seed=1).convert("RGB"), np.float32) / 255
    content[20, 30] = 1 - content[20, 30]
    flat = np.full(content.shape, 0.5, np.float32)
    found = add_detail(flat.copy(), content, (10, 15), 0.7, Memory.of(None))
    detail = content - resize(resize(content, (10, 15)), (40, 60))
    assert np.abs(found - flat - 0.7 * detail).max() < 1e-6
    assert np.abs(found[20, 30] - 0.5).max() > 0.1


@pytest.mark.parametrize(
    ("options", "expected"), [({}, [1.2]), ({"strength": 1.0}, []), ({"init": "noise"}, [])], ids=repr
)
def test_the_second_level_starts_with_the_photos_detail_where_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], expected: list[float]
) -> None:
    added = []

    def noted(picture: Any, content: Any, coarse: Any, share: float, memory: Memory) -> Any:
        assert picture.shape == content.shape == (150, 200, 3)
        assert coarse == (100, 133)
        added.append(share)
        return add_detail(picture, content, coarse, share, memory)

    monkeypatch.setattr(painting, "add_detail", noted)
    stylizer = Stylizer(vgg_network(tmp_path, vgg_weights(widths=(6, 8, 8))))
    content, style = (np.asarray(smooth_picture(75, 100, seed=seed).convert("RGB")) for seed in (1, 2))
    stylizer.stylize(content, style, size=200, steps=8, min_change=0.0, **options)
    assert added == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, [12, 12, 12, 44]), ({"init": "noise"}, [34, 33, 33, 33]), ({"quality": "fast"}, [8, 8, 24])],
    ids=repr,
)
def test_a_start_without_the_photo_gets_more_steps_and_even_shares(
    compact: Network, options: dict[str, Any], expected: list[int]
) -> None:
    found = plan(compact, 384 if "quality" in options else 512, **options)
    assert list(found.budgets) == expected
    assert found.steps == sum(expected)


def test_a_fitting_takes_as_many_evaluations_from_any_start(compact: Network) -> None:
    assert plan(compact, 512, quality="fitted", init="noise").steps == 20


def test_every_pixel_is_painted(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size full gives the photo's own size, and resumes bit for bit."""
    monkeypatch.setattr(fine_levels, "SETTLED", 32)
    monkeypatch.setattr(fine_levels, "NARROWEST", 4)
    network = vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8)))
    stylizer = Stylizer(network)
    content = np.asarray(smooth_picture(72, 96, seed=1).convert("RGB"))
    style = np.asarray(smooth_picture(64, 64, seed=2).convert("RGB"))
    options: dict[str, Any] = {"size": "full", "steps": 12, "min_change": 0.0}
    seen, saved = [], []

    def callback(step: Any) -> None:
        seen.append(step.shape)
        if step.iteration in (3, 10):
            saved.append(step.checkpoint())

    result = stylizer.stylize(content, style, callback=callback, **options)
    assert result.array.shape == (72, 96, 3)
    assert seen[-1] == (72, 96)
    assert len({*seen}) >= 2
    for checkpoint in saved:  # in a coarse level, and in the fine one
        resumed = stylizer.stylize(content, style, resume=checkpoint, **options)
        assert np.array_equal(resumed.array, result.array)


def test_only_our_own_recipe_has_them() -> None:
    assert [name for name, preset in presets.PRESETS.items() if preset.fine_levels] == ["default"]
    assert [name for name, preset in presets.PRESETS.items() if preset.detail] == ["default"]
