"""Regions without masks: by colour, by content, from labels to labels; how label maps are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFilter
from support.command import Outcome
from support.regions import HEIGHT, QUICK, WIDTH, left, painted, prepared

import nst_onnx
from nst_onnx.errors import OptionError, PictureError
from nst_onnx.painting.regions.masks import label_colours, labelled
from nst_onnx.support.memory import Memory

Nst = Callable[..., Outcome]


LINE = ("--size", "64", "--steps", "2", "-q", "--model", "compact")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def test_regions_by_colour(folder: Path) -> None:
    """A painting of two colours: dark places are painted dark, bright ones bright."""
    painting = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    painting[:, : WIDTH // 2] = (250, 220, 40)
    painting[:, WIDTH // 2 :] = (20, 20, 120)
    photo = np.repeat(np.asarray(left())[..., None], 3, 2)
    result = nst_onnx.stylize(photo, painting, regions="colour", **QUICK | {"steps": 60, "strength": 0.9})
    assert [region["styles"] for region in result.settings["regions"]] == [["array"], ["array"]]
    assert [region["share"] for region in result.settings["regions"]] == pytest.approx([0.5, 0.5], abs=0.1)
    bright, dark = (result.array[:, part].mean((0, 1)) for part in (slice(0, 24), slice(40, 64)))
    assert bright[0] > 0.6
    assert bright[2] < 0.4
    assert dark.max() < 0.7 * bright.max()


def test_regions_by_content(folder: Path) -> None:
    """Stripes and flat areas, in photo and painting on opposite sides."""
    stripes = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    stripes[:, : WIDTH // 2 : 4] = 255
    stripes[:, 1 : WIDTH // 2 : 4] = 0
    result = nst_onnx.stylize(stripes, stripes[:, ::-1].copy(), regions=["auto"], **QUICK)
    found = result.settings["regions"]
    assert len(found) >= 2
    assert sum(region["share"] for region in found) == pytest.approx(1, abs=1e-3)
    again = nst_onnx.stylize(stripes, stripes[:, ::-1].copy(), regions="auto", **QUICK)
    np.testing.assert_array_equal(result.array, again.array)


def test_labels_to_labels(folder: Path) -> None:
    """Each colour of the photo's labels is painted like that colour of the painting's."""
    painting = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    painting[: HEIGHT // 2], painting[HEIGHT // 2 :] = (250, 220, 40), (20, 20, 120)
    of_painting = Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")
    of_painting.paste("#3366ff", (0, 0, WIDTH, HEIGHT // 2))
    options = {"labels": "labels.png", "style_labels": of_painting, "strength": 1}
    options |= {"init": "style", "steps": 60}
    found = painted(painting, photo="labels.png", **options)
    first, second = (found[:, part].mean((0, 1)) for part in (slice(0, 24), slice(40, 64)))
    assert first[0] > second[0] + 0.2
    assert first[2] < second[2] + 0.2
    with pytest.raises(PictureError, match="no pixel of the colour"):
        painted(painting, **options | {"style_labels": Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")})
    with pytest.raises(OptionError, match="style labels go with labels"):
        painted(painting, style_labels=of_painting)
    with pytest.raises(OptionError, match="one painting"):
        painted([painting, painting], **options)


@pytest.mark.parametrize("word", ["colour", "auto"])
def test_words_need_a_style(folder: Path, word: str, nst: Nst) -> None:
    with pytest.raises(OptionError, match="need a style"):
        painted(regions=word)
    outcome = nst("stylize", "photo.png", "one.png", "--regions", word, "-o", "out.png", *LINE)
    assert outcome.code == 0, outcome.err


def test_the_weights_of_several_paintings_count_in_regions_by_colour(folder: Path) -> None:
    first, second = (
        painted(["one.png", "two.png"], regions="colour", style_weights=weights)
        for weights in ([1, 0.01], [0.01, 1])
    )
    assert np.abs(first - second).mean() > 0.01


def test_labels_are_read_without_mixtures(folder: Path) -> None:
    """Enlarging a label map makes no new colours at its edges."""
    masks, other = labelled("labels.png", ["#3366ff", "#00aa00"], (HEIGHT * 3, WIDTH * 3), Memory.of(None))
    assert other is None
    assert set(np.unique(masks["#3366ff"])) == {0, 1}
    np.testing.assert_array_equal(masks["#3366ff"] + masks["#00aa00"], 1)


def test_mixtures_at_the_edges_of_labels_are_no_labels(folder: Path) -> None:
    labels = Image.open("labels.png").resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.NEAREST)
    soft = labels.filter(ImageFilter.GaussianBlur(1))
    masks, other = labelled(soft, ["#3366ff", "#00aa00"], (HEIGHT, WIDTH), Memory.of(None))
    assert other is None
    np.testing.assert_array_equal(masks["#3366ff"] + masks["#00aa00"], 1)
    assert masks["#3366ff"].mean() == pytest.approx(0.5, abs=0.02)
    labels.save("labels.jpg", quality=70)
    assert label_colours("labels.jpg", Memory.of(None)) != []
    found = [np.array(ImageColor.getrgb(one)) for one in label_colours("labels.jpg", Memory.of(None))]
    assert len(found) == 2


def test_class_numbers_are_labels(folder: Path) -> None:
    numbers = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 16, 1).repeat(12, 0)
    colours = label_colours(numbers, Memory.of(None))
    assert sorted(colours) == ["#000000", "#010101", "#020202", "#030303"]
    masks, other = labelled(numbers, colours[:3], (48, 16), Memory.of(None))
    assert other == colours[3]
    assert [float(mask.mean()) for mask in masks.values()] == [0.25] * 3
