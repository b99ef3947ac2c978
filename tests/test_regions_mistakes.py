"""One line for each mistake with regions; the text of a region, and how masks are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import Outcome
from support.regions import HEIGHT, WIDTH, painted, prepared

from nst_onnx import Region
from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.painting.region import parse
from nst_onnx.painting.regions.masks import read_mask
from nst_onnx.support.memory import Memory

Nst = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def wrong(name: str) -> Any:
    other = np.zeros((HEIGHT, 3 * WIDTH), np.uint8)
    other[:, :9] = 255
    return {
        "other proportions": other,
        "all black": np.zeros((HEIGHT, WIDTH), np.uint8),
        "one pixel": np.full((1, 1), 255, np.uint8),
    }[name]


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("other proportions", {"regions": [Region(wrong("other proportions"), "one.png")]}, "other proportions"),
    ("one pixel", {"regions": [Region(wrong("one pixel"), "one.png")]}, "other proportions"),
    ("all black", {"regions": [Region(wrong("all black"), "one.png")]}, "is black"),
    ("colours", {"regions": ["photo.png=one.png"]}, "has colours"),
    ("no such mask", {"regions": ["none.png=one.png"]}, "none.png"),
    ("no such style", {"regions": ["left.png=none.png"]}, "none.png"),
    ("a label nobody names", {"regions": ["#3366ff=one.png"], "labels": "labels.png"}, "#00aa00.*no region"),
    (
        "a label that is not there",
        {"regions": ["#123456=one.png"], "labels": "labels.png"},
        "no pixel.*#123456",
    ),
    ("a label without a map", {"regions": ["#3366ff=one.png"]}, "no labels"),
    ("a map without regions", {"labels": "labels.png", "style": "one.png"}, "no regions"),
    (
        "the same label twice",
        {"regions": ["#3366ff=one.png", "#3366FF=two.png"], "labels": "labels.png"},
        "same colour",
    ),
    ("rest twice", {"regions": ["rest=one.png", "rest=two.png"]}, "rest is given twice"),
    ("hundred regions", {"regions": ["left.png=one.png"] * 100}, "too many"),
    (
        "nothing left",
        {"regions": ["left.png=one.png"], "keep": np.full((HEIGHT, WIDTH), 255, np.uint8)},
        "nothing is left",
    ),
    ("a strength out of range", {"regions": [Region("left.png", "one.png", strength=2)]}, "strength"),
    ("a form that is none", {"regions": ["left.png"]}, "a region cannot be"),
    ("a setting that is none", {"regions": ["left.png=one.png,colour=3"]}, "no setting"),
    ("a number that is none", {"regions": ["left.png=one.png,scale=big"]}, "must be a number"),
    (
        "a mask of the style of other proportions",
        {"regions": [Region("rest", "one.png", style_mask=wrong("other proportions"))]},
        "other proportions",
    ),
    (
        "a black mask of the style",
        {"regions": [Region("rest", "one.png", style_mask=wrong("all black"))]},
        "leaves nothing",
    ),
    (
        "one pass",
        {"regions": ["left.png=one.png"], "quality": "instant"},
        "regions are not painted with quality",
    ),
    (
        "strength beside 1",
        {"regions": [Region("rest", "one.png", strength=0.4)], "strength": 1},
        "strength below 1",
    ),
]


@pytest.mark.parametrize(("options", "message"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes(folder: Path, options: dict[str, Any], message: str) -> None:
    style = [options["style"]] if "style" in options else []
    options = {name: value for name, value in options.items() if name != "style"}
    with pytest.raises(NstError, match=message) as caught:
        painted(*style, **options)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, OptionError | PictureError)


def test_a_style_and_a_rest(folder: Path) -> None:
    with pytest.raises(OptionError, match="both a style and a region rest"):
        painted("one.png", regions=["rest=two.png"])
    with pytest.raises(OptionError, match="no style picture given"):
        painted()


def test_the_text_of_a_region() -> None:
    found = parse("sky.png=clouds.jpg,strength=0.7,scale=0.5,style-mask=part.png")
    assert (found.mask, found.style, found.style_mask) == ("sky.png", "clouds.jpg", "part.png")
    assert (found.strength, found.style_scale) == (0.7, 0.5)
    assert parse("#3366ff=a.jpg").colour == "#3366ff"
    assert parse("rest=a.jpg").is_rest


def test_a_mask_does_not_overshoot_at_edges(folder: Path) -> None:
    found = read_mask("left.png", (17, 23), Memory.of(None))
    assert 0 <= found.min() <= found.max() <= 1
    assert (found[:, :9] == 1).all()
    assert (found[:, -9:] == 0).all()
