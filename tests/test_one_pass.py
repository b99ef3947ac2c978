"""Pictures in one pass: qualities instant and fitted, learned styles, in Python and by the command."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.command import Outcome
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.errors import ModelError, OptionError
from nst_onnx.feedforward import gallery
from nst_onnx.feedforward.learned_style import LearnedStyle, StyleFacts
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.painting import pixel_fitting
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.picture import read_settings
from nst_onnx.runtime import choose

Nst = Callable[..., Outcome]
CONTENT, STYLE = smooth_picture(48, 64, seed=1), smooth_picture(64, 64, seed=2)


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return Stylizer("compact", "cpu")


@pytest.fixture
def learned() -> LearnedStyle:
    """A style of the user's own, called dunes."""
    painter = Painter.load(catalogue.painter(), choose("cpu"))
    rng = np.random.default_rng(0)
    style = LearnedStyle(
        StyleFacts("dunes", painter.digest),
        np.abs(rng.normal(20, 5, painter.statistics)).astype(np.float32),
        rng.normal(0, 0.1, painter.size).astype(np.float32),
    )
    style.save(gallery.path_for("dunes"))
    return style


@pytest.fixture(params=["pixels", "style vector"])
def fits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What quality fitted fits: pixels are those of small pictures."""
    if request.param == "style vector":
        monkeypatch.setattr(pixel_fitting, "LONGEST", 16)
    return request.param


def test_instant(stylizer: Stylizer) -> None:
    steps = []
    result = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64, callback=steps.append)
    assert result.array.shape == (48, 64, 3)
    assert (len(steps), steps[0].iteration, steps[0].iterations, steps[0].losses) == (1, 1, 1, {})
    assert np.array_equal(steps[0].array, result.array)
    assert np.array_equal(steps[0].result().array, result.array)
    again = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64)
    assert np.array_equal(again.array, result.array)
    assert result.settings["quality"] == "instant"
    assert result.history == []
    other = stylizer.stylize(CONTENT, smooth_picture(64, 64, seed=9), quality="instant", size=64)
    assert np.abs(other.array - result.array).mean() > 0.01
    assert result.seconds > 0


@pytest.mark.parametrize("team", [3, "auto", nst_onnx])
def test_a_team_that_is_none_is_told(team: Any) -> None:
    with pytest.raises(OptionError, match="team must be a team of processes"):
        Stylizer("compact", "cpu", team=team)
    with pytest.raises(OptionError, match="team must be a team of processes"):
        nst_onnx.Objective(CONTENT, STYLE, model="compact", device="cpu", size=64, team=team)


def test_the_size_is_the_contents_own_up_to_1024(stylizer: Stylizer) -> None:
    assert stylizer.stylize(CONTENT, STYLE, quality="instant").array.shape == (48, 64, 3)
    assert stylizer.stylize(CONTENT, STYLE, quality="instant", size=(40, 24)).array.shape == (24, 40, 3)


def test_fitted_lowers_the_loss_of_an_optimisation(stylizer: Stylizer, fits: str) -> None:
    result = stylizer.stylize(CONTENT, STYLE, quality="fitted", size=64, steps=8)
    totals = [row["total"] for row in result.history]
    assert len(totals) == 8
    assert min(totals) < 0.8 * totals[0]
    assert result.losses["total"] == min(totals)
    objective = nst_onnx.Objective(CONTENT, STYLE, model="compact", device="cpu", size=64)
    instant = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64)
    losses = [objective.losses(one.array)["total"] for one in (instant, result)]
    assert losses[1] < 0.9 * losses[0]


def test_pixels_are_fitted_from_the_one_pass_on(stylizer: Stylizer) -> None:
    """On one level, from the colours of the one pass and the photo's detail."""
    instant = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64)
    steps = list(stylizer.steps(CONTENT, STYLE, quality="fitted", size=64, steps=8))
    assert [(step.scales, step.iterations) for step in steps] == [(1, 8)] * 8
    sizes: list[Any] = [(64, 48), (16, 12)]
    start, painted, photo = (
        np.asarray(Image.fromarray(np.uint8(255 * one)).resize(sizes[1], Image.Resampling.BOX), np.float32)
        for one in (steps[0].array, instant.array, np.asarray(CONTENT) / 255)
    )
    assert np.abs(start - painted).mean() < 0.2 * np.abs(start - photo).mean()
    settings = steps[-1].result().settings
    assert (settings["quality"], settings["steps"]) == ("fitted", 8)
    assert settings["init"] == f"one pass, painter {instant.settings['painter']}"
    from_noise = stylizer.stylize(CONTENT, STYLE, quality="fitted", size=64, steps=8, init="noise")
    assert from_noise.settings["init"] == "noise"


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_a_painting_in_the_photos_colours_is_fitted_from_the_photo(stylizer: Stylizer, how: Any) -> None:
    options: dict[str, Any] = {"quality": "fitted", "size": 64, "steps": 2, "preserve_colour": how}
    start = next(iter(stylizer.steps(CONTENT, STYLE, **options)))
    assert np.abs(start.array - np.asarray(CONTENT) / 255).max() < 1e-5


def test_without_content_pixels_are_fitted_from_the_colours_alone(stylizer: Stylizer) -> None:
    options: dict[str, Any] = {"quality": "fitted", "size": 64, "steps": 2}
    plain, alone = (
        next(iter(stylizer.steps(CONTENT, STYLE, **options, **more))).array
        for more in ({}, {"content_weight": 0.0})
    )
    assert np.abs(np.diff(alone, axis=0)).mean() < np.abs(np.diff(plain, axis=0)).mean()


def test_pictures_given_as_pipes_are_read_once(stylizer: Stylizer) -> None:
    """Though the one pass and the optimisation both take them."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *place: int) -> int:
            raise OSError("a pipe")

    stored = io.BytesIO()
    CONTENT.save(stored, "png")
    result = stylizer.stylize(
        CONTENT, STYLE, quality="fitted", size=32, steps=2, init=Pipe(stored.getvalue())
    )
    assert len(result.history) == 2


def test_a_larger_picture_is_fitted_by_its_style_vector(
    stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixel_fitting, "LONGEST", 48)
    painters = {
        size: "painter" in stylizer.stylize(CONTENT, STYLE, quality="fitted", size=size, steps=2).settings
        for size in (48, 49)
    }
    assert painters == {48: False, 49: True}


def test_a_fitting_of_pixels_resumes(stylizer: Stylizer, tmp_path: Path) -> None:
    options: dict[str, Any] = {"quality": "fitted", "size": 32, "steps": 4}
    whole = stylizer.stylize(CONTENT, STYLE, **options)
    half = stylizer.steps(CONTENT, STYLE, **options)
    saved = [next(half) for _ in range(2)][-1].checkpoint()
    assert np.array_equal(stylizer.stylize(CONTENT, STYLE, resume=saved, **options).array, whole.array)


def test_fitting_stops_when_asked(stylizer: Stylizer, fits: str) -> None:
    seen = []

    def callback(step: nst_onnx.Step) -> bool:
        seen.append(step.array)
        return len(seen) < 3

    result = stylizer.stylize(CONTENT, STYLE, quality="fitted", size=64, callback=callback)
    assert len(result.history) == len(seen) == 3
    assert len(stylizer.stylize(CONTENT, STYLE, quality="fitted", size=64, max_seconds=0).history) == 1


def test_a_learned_style_by_name_by_file_and_itself(
    stylizer: Stylizer, learned: LearnedStyle, tmp_path: Path
) -> None:
    learned.save(tmp_path / "other.nst")
    found = [
        stylizer.stylize(CONTENT, style, size=64).array
        for style in ("dunes", tmp_path / "other.nst", LearnedStyle.load(tmp_path / "other.nst"))
    ]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    strong = stylizer.stylize(CONTENT, "dunes", size=64, strength=0.9).array
    assert not np.array_equal(strong, found[0])


def test_styles_blend(stylizer: Stylizer, learned: LearnedStyle) -> None:
    """A blend with all the weight on one of them is that one."""
    options = {"size": 64, "quality": "instant"}
    alone = stylizer.stylize(CONTENT, STYLE, **options)
    blended = stylizer.stylize(CONTENT, [STYLE, learned], style_weights=(1, 0), **options)
    assert np.abs(blended.array - alone.array).max() < 1e-4
    half = stylizer.stylize(CONTENT, [STYLE, learned], **options)
    assert np.abs(half.array - alone.array).mean() > 1e-3
    assert half.settings["styles"] == [alone.settings["styles"][0], "dunes"]


def test_transparency_and_lightness(stylizer: Stylizer) -> None:
    seen = np.asarray(CONTENT.convert("RGBA")).copy()
    seen[:, :20, 3] = 0
    result = stylizer.stylize(seen, STYLE, quality="instant", size=64)
    assert result.alpha is not None
    assert result.alpha[:, :15].max() < 0.05
    kept = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64, preserve_colour="luminance")
    own = np.asarray(CONTENT.convert("YCbCr"), np.float32)[..., 1:]
    painted = np.asarray(kept.image.convert("YCbCr"), np.float32)[..., 1:]
    plain = stylizer.stylize(CONTENT, STYLE, quality="instant", size=64)
    changed = np.asarray(plain.image.convert("YCbCr"), np.float32)[..., 1:]
    assert np.abs(painted - own).mean() < 0.5 * np.abs(changed - own).mean()


@pytest.mark.parametrize(
    ("style", "options", "message"),
    [
        (
            "dunes",
            {"quality": "good"},
            "dunes is a learned style: it paints in one pass, not with quality good",
        ),
        ("dunes", {"quality": "fitted"}, "fitted already"),
        ("dunes", {"style_scale": 0.5}, "style_scale needs the painting"),
        ("dunes", {"colour_transfer": True}, "colour_transfer needs the painting"),
        ("dunes", {"preserve_colour": "histogram"}, "cannot preserve colours by histogram"),
        ("a painting", {"quality": "instant", "preserve_colour": "covariance"}, "cannot preserve colours"),
        ("a painting", {"quality": "instant", "preset": "gatys2015"}, "not for preset gatys2015"),
    ],
)
def test_what_one_pass_cannot_do(
    stylizer: Stylizer, learned: LearnedStyle, style: str, options: dict, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        stylizer.stylize(CONTENT, STYLE if style == "a painting" else style, size=32, **options)


def test_there_is_nothing_to_resume(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_fitting, "LONGEST", 16)
    step = next(iter(stylizer.steps(CONTENT, STYLE, quality="fitted", size=32, steps=2)))
    with pytest.raises(OptionError, match="no checkpoint"):
        step.checkpoint()
    saved = next(iter(stylizer.steps(CONTENT, STYLE, size=32, steps=2))).checkpoint()
    with pytest.raises(OptionError, match="no checkpoint"):
        stylizer.stylize(CONTENT, STYLE, quality="instant", size=32, resume=saved)


def test_a_style_of_another_painter(stylizer: Stylizer, learned: LearnedStyle) -> None:
    foreign = LearnedStyle(StyleFacts("old", "0"), learned.statistics, learned.correction)
    with pytest.raises(ModelError, match="another version"):
        stylizer.stylize(CONTENT, foreign, size=32)


def test_a_first_look_before_a_run(stylizer: Stylizer) -> None:
    look = stylizer.first_look(CONTENT, STYLE, longest=32, steps=5, content_weight=0.1, size=64, seed=3)
    assert look is not None
    assert look.shape == (24, 32, 3)
    instant = stylizer.stylize(CONTENT, STYLE, quality="instant", size=(32, 24))
    assert np.array_equal(look, instant.array)
    assert stylizer.first_look(CONTENT, STYLE, preset="gatys2015") is None
    assert stylizer.first_look("nowhere.png", STYLE) is None
    assert stylizer.first_look(CONTENT, STYLE, preserve_colour="histogram") is None


def test_every_step_of_a_fitting_shows_its_own_picture(stylizer: Stylizer, fits: str) -> None:
    """Also where it is worse than the best so far, which is the result."""
    steps = list(stylizer.steps(CONTENT, STYLE, quality="fitted", size=48, steps=6))
    for one, after in pairwise(steps):
        assert not np.array_equal(one.array, after.array)


# ---- the command


def test_the_command_paints_at_once(pair: Path, nst: Nst) -> None:
    assert nst("stylize", "content.png", "style.png", "-o", "a.png", "--quality", "instant", "-q") == (
        0,
        "",
        "",
    )
    settings = read_settings("a.png") or {}
    assert (settings["quality"], settings["width"], settings["height"]) == ("instant", 40, 32)


def test_the_command_takes_named_styles(pair: Path, nst: Nst, learned: LearnedStyle) -> None:
    assert nst("stylize", "content.png", "--style", "dunes", "-o", "a.png", "-q").code == 0
    assert (read_settings("a.png") or {})["styles"] == ["dunes"]
    listed = nst("styles")
    assert "dunes\t" in listed.out
    refused = nst("stylize", "content.png", "--style", "nowhere", "-o", "b.png", "-q")
    assert (refused.code, "nowhere" in refused.err, Path("b.png").exists()) == (1, True, False)


def test_batch_takes_named_styles(pair: Path, nst: Nst, learned: LearnedStyle) -> None:
    done = nst(
        "batch",
        "content.png",
        "--styles",
        "dunes",
        "style.png",
        "-o",
        "out",
        "--quality",
        "instant",
        "--json",
    )
    assert (done.code, "cannot be kept" in done.err) == (0, False), done.err
    assert {Path(row["output"]).name for row in json.loads(done.out)["pictures"]} == {
        "content-dunes.png",
        "content-style.png",
    }


def test_learn_and_paint(pair: Path, nst: Nst) -> None:
    learned = nst("learn", "style.png", "--name", "hills", "--photo", "content.png", "--steps", "2")
    assert learned.code == 0, learned.err
    assert "--style hills" in learned.out
    assert nst("stylize", "content.png", "--style", "hills", "-o", "a.png", "-q").code == 0
    assert nst("learn", "style.png", "-o", "x.nst", "--photo", "content.png", "--steps", "1", "-q").code == 0
    assert nst("stylize", "content.png", "--style", "x.nst", "-o", "b.png", "-q").code == 0
    assert nst("learn", "style.png", "-o", "x.png").code == 1
    assert nst("learn", "style.png", "--name", "No Name").code == 1


def test_a_sheet_of_styles(pair: Path, nst: Nst, learned: LearnedStyle) -> None:
    assert nst("styles", "-o", "sheet.png").code == 0
    assert nst("styles", "content.png", "-o", "painted.jpg").code == 0
    for name in ("sheet.png", "painted.jpg"):
        with Image.open(name) as image:
            assert min(image.size) > 50
    (gallery.own_folder() / "broken.nst").write_bytes(b"broken")
    listed = nst("styles")
    assert (listed.code, "broken.nst is not a learned style" in listed.err) == (0, True)
    assert nst("styles", "content.png").code == 1
    assert nst("styles", "content.png", "-o", "content.png").code == 1
