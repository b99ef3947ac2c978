"""The page's engine under Node against the package: losses, gradient, descent, pictures, one pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exporter
from support.pictures import patchwork, smooth_picture
from support.web_engine import Array, WebEngine

import nst_onnx
from nst_onnx.painting import term_pruning
from nst_onnx.picture import Picture, frame, resize
from nst_onnx.picture.colour import transfer_luminance

CPU = {"device": "cpu", "style_frame": "keep"}


def planes(flat: Array, height: int, width: int) -> Array:
    return flat.reshape(3, height, width).transpose(1, 2, 0)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    for name, content in exporter.module("web.command").web_files().items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def engine(models: Path, tmp_path: Path) -> WebEngine:
    return WebEngine(models, tmp_path)


@pytest.fixture(scope="module")
def content() -> Array:
    return np.asarray(smooth_picture(90, 120, seed=3), np.float32) / 255


@pytest.fixture(scope="module")
def styles() -> list[Array]:
    return [patchwork(100, 80, 3, seed=4), np.asarray(smooth_picture(60, 96, seed=5), np.float32) / 255]


@pytest.mark.parametrize(("strength", "style_scale", "count"), [(0.5, 1.0, 1), (0.7, 0.6, 2)])
def test_losses_and_gradient_are_the_package_s(
    engine: WebEngine, content: Array, styles: list[Array], strength: float, style_scale: float, count: int
) -> None:
    objective = nst_onnx.Objective(
        content, styles[:count], size=96, strength=strength, style_scale=style_scale, **CPU
    )
    shape = {"height": objective.shape[0], "width": objective.shape[1]}
    settings = {"strength": strength, "styleScale": style_scale}
    answer, gradient = engine.run("evaluate", content, styles[:count], shape=shape, settings=settings)
    reduced = resize(content, objective.shape)
    _, expected = objective.value_and_grad(reduced)
    losses = objective.losses(reduced)
    terms = [losses[name] for name in objective.terms.names]
    np.testing.assert_allclose(answer["losses"], terms, rtol=1e-4, atol=1e-9)
    found = planes(gradient, *objective.shape)
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


def cut_out(picture: Array) -> Array:
    """Return a picture with an opacity that grows from left to right, transparent at the left."""
    ramp = np.linspace(-0.5, 1.5, picture.shape[1], dtype=np.float32).clip(0, 1)
    return np.dstack([picture, np.broadcast_to(ramp, picture.shape[:2])])


@pytest.mark.parametrize("which", ["photo", "painting"])
def test_transparent_areas_do_not_count(
    engine: WebEngine, content: Array, styles: list[Array], which: str
) -> None:
    content = cut_out(content) if which == "photo" else content
    style = cut_out(styles[0]) if which == "painting" else styles[0]
    objective = nst_onnx.Objective(content, style, size=96, **CPU)
    shape = {"height": objective.shape[0], "width": objective.shape[1]}
    answer, gradient = engine.run("evaluate", content, [style], shape=shape)
    _, expected = objective.value_and_grad(objective.content_picture)
    losses = objective.losses(objective.content_picture)
    terms = [losses[name] for name in objective.terms.names]
    np.testing.assert_allclose(answer["losses"], terms, rtol=1e-4, atol=1e-9)
    found = planes(gradient, *objective.shape)
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)
    if which == "photo":
        assert np.abs(found[:, :6]).max() < 1e-3 * np.abs(found).max(), "nothing far from what is seen"


def test_negligible_terms_are_pruned_as_the_package_does(
    models: Path, content: Array, styles: list[Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With bounds so wide that the deepest layer's term counts as negligible."""
    wide = {"loss": 0.9, "gradient": 0.9}
    for name, bound in wide.items():
        monkeypatch.setattr(term_pruning, name.upper(), bound)
    checked: list[tuple[int, int]] = []
    check = term_pruning.TermPruning.check

    def recorded(self: term_pruning.TermPruning, count: int, *values: Any) -> Any:
        found = check(self, count, *values)
        checked.append((count, len(self.pruned)))
        return found

    monkeypatch.setattr(term_pruning.TermPruning, "check", recorded)
    result = nst_onnx.stylize(content, styles[:1], size=96, steps=60, pyramid=False, min_change=0, **CPU)
    folder = shutil.copytree(models, tmp_path / "models")
    constants = json.loads((folder / "constants.json").read_text())
    constants["pruning"] |= wide
    (folder / "constants.json").write_text(json.dumps(constants))
    shape = {"height": 72, "width": 96}
    engine = WebEngine(folder, tmp_path)
    answer, _ = engine.run("descend", content, styles[:1], shape=shape, settings={"steps": 60})
    assert checked[0] == (8, 1)
    assert answer["pruned"][:9] == [*[0] * 8, 1], "the ninth evaluation is the first after eight"
    assert answer["pruned"][-1] == checked[-1][1]
    expected = [row["total"] for row in result.history]
    # Rounding errors grow: by a factor of ten from one evaluation to the next, while the loss falls by two.
    np.testing.assert_allclose(answer["losses"][:6], expected[:6], rtol=1e-4)
    np.testing.assert_allclose(answer["losses"][:10], expected[:10], rtol=3e-3)
    np.testing.assert_allclose(answer["losses"][-1], expected[-1], rtol=0.05)


def test_twenty_steps_reach_the_package_s_loss(
    engine: WebEngine, content: Array, styles: list[Array]
) -> None:
    result = nst_onnx.stylize(content, styles[:1], size=96, steps=20, pyramid=False, **CPU)
    expected = [row["total"] for row in result.history]
    shape = {"height": 72, "width": 96}
    answer, _ = engine.run("descend", content, styles[:1], shape=shape, settings={"steps": 20})
    assert expected[-1] < 0.5 * expected[0], "the descent must be one"
    np.testing.assert_allclose(answer["losses"][-1], expected[-1], rtol=0.02)
    np.testing.assert_allclose(answer["losses"][:5], expected[:5], rtol=1e-3)


def test_a_painting_over_several_levels_is_the_package_s(
    engine: WebEngine, content: Array, styles: list[Array]
) -> None:
    """The sizes, the shares of steps, the start of each level and the preconditioner that it inherits."""
    result = nst_onnx.stylize(content, styles[:1], size=176, steps=24, **CPU)
    settings = {"size": 176, "steps": 24}
    answer, picture = engine.run("paint", content, styles[:1], settings=settings)
    expected = [row["total"] for row in result.history]
    assert len(answer["losses"]) == len(expected)
    scales = [row["scale"] for row in result.history]
    assert scales.count(0) < scales.count(1), "there must be two levels"
    second = scales.index(1)
    # Rounding errors grow from 1e-6 by up to a factor of ten in an evaluation, to about 0.02.
    np.testing.assert_allclose(answer["losses"][:5], expected[:5], rtol=1e-3)
    np.testing.assert_allclose(answer["losses"][second], expected[second], rtol=5e-3)
    np.testing.assert_allclose(answer["losses"][-1], expected[-1], rtol=0.05)
    found = planes(picture, answer["height"], answer["width"]).clip(0, 1)
    painted = np.linalg.norm(result.array - resize(content, (132, 176)))
    assert np.linalg.norm(found - result.array) < 0.3 * painted, "rounding errors grow, but less than that"


def test_a_fine_level_is_the_package_s(engine: WebEngine, content: Array, styles: list[Array]) -> None:
    """A level above 1024 pixels: its shallow terms, the sizes of paintings, the photo's detail."""
    content = content[:30]  # a strip, because large pictures take their time
    result = nst_onnx.stylize(content, styles[:1], size=1296, steps=14, **CPU)
    answer, _ = engine.run("paint", content, styles[:1], settings={"size": 1296, "steps": 14})
    expected = [row["total"] for row in result.history]
    assert len(answer["losses"]) == len(expected)
    scales = [row["scale"] for row in result.history]
    fine = scales.index(max(scales))
    np.testing.assert_allclose(answer["losses"][fine], expected[fine], rtol=0.02)


@pytest.mark.parametrize("sides", [(7, 7, 9, 9), (12, 12, 0, 0), (0, 0, 0, 0), (5, 5, 5, 30)])
def test_a_frame_is_cropped_as_the_package_does(
    engine: WebEngine, content: Array, sides: tuple[int, int, int, int]
) -> None:
    painting = patchwork(130, 170, 3, seed=8)
    left, right, top, bottom = sides
    framed = np.pad(painting, ((top, bottom), (left, right), (0, 0)), constant_values=0.93)
    expected = frame.crop(picture_of(framed), frame.border(picture_of(framed))).rgb
    answer, found = engine.run("unframed", content, [framed], settings={"keepFrame": False})
    assert (answer["height"], answer["width"]) == expected.shape[:2]
    np.testing.assert_array_equal(planes(found, *expected.shape[:2]), expected)


def test_stripes_are_no_frame(engine: WebEngine, content: Array) -> None:
    stripes = np.zeros((120, 160, 3), np.float32)
    stripes[:, np.arange(160) // 2 % 2 == 1] = 1
    answer, _ = engine.run("unframed", content, [stripes], settings={"keepFrame": False})
    assert (answer["height"], answer["width"]) == (120, 160)


def test_a_large_painting_s_frame_is_searched_in_a_reduced_one(engine: WebEngine, content: Array) -> None:
    framed = np.pad(patchwork(400, 1200, 3, seed=9), ((20, 20), (31, 31), (0, 0)), constant_values=0.02)
    expected = frame.crop(picture_of(framed), frame.border(picture_of(framed))).rgb
    answer, _ = engine.run("unframed", content, [framed], settings={"keepFrame": False})
    assert (answer["height"], answer["width"]) == expected.shape[:2] != framed.shape[:2]


def picture_of(rgb: Array) -> Picture:
    return Picture(np.ascontiguousarray(rgb, np.float32), None, "the painting", 8)


@pytest.mark.parametrize("shape", [(45, 60), (31, 77), (180, 240), (90, 50)])
def test_resizing_is_pillow_s(engine: WebEngine, content: Array, shape: tuple[int, int]) -> None:
    job = {"height": shape[0], "width": shape[1]}
    _, found = engine.run("resize", content, [], shape=job)
    np.testing.assert_allclose(planes(found, *shape), resize(content, shape), atol=2e-6)


def test_luminance_transfer_is_the_package_s(engine: WebEngine, content: Array) -> None:
    photo = patchwork(*content.shape[:2], 3, seed=6)
    _, found = engine.run("luminance", content, [photo])
    np.testing.assert_allclose(
        planes(found, *content.shape[:2]), transfer_luminance(content, photo), atol=1e-3
    )


@pytest.mark.parametrize("strength", [0.5, 0.8])
def test_one_pass_is_the_package_s(
    engine: WebEngine, content: Array, styles: list[Array], strength: float
) -> None:
    result = nst_onnx.stylize(content, styles[:1], quality="instant", size=96, strength=strength, **CPU)
    settings = {"size": 96, "strength": strength}
    answer, found = engine.run("onePass", content, styles[:1], settings=settings)
    picture = planes(found, answer["height"], answer["width"]).clip(0, 1)
    np.testing.assert_allclose(picture, result.array, atol=2e-3)
