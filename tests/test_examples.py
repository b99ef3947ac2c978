"""The example pictures: each script draws, draws the same again, and its picture is committed."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.checkout import ROOT

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("draw_*.py"))
PICTURES = sorted(EXAMPLES.glob("*/*.jpg"))
CONTENT = {"harbour", "still_life", "valley"}
SMALL = 48

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="examples/ is not part of this installation")


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.stem.removeprefix("draw_"))
def draw(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., np.ndarray]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return runpy.run_path(str(request.param))["draw"]


def test_draws_the_same_picture_twice(draw: Callable[..., np.ndarray]) -> None:
    picture = draw(SMALL)
    assert picture.dtype == np.float32
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert max(picture.shape[:2]) == SMALL
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert picture.std() > 0.05, "an empty canvas"
    np.testing.assert_array_equal(picture, draw(SMALL))


def test_another_seed_gives_another_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    draw = runpy.run_path(str(EXAMPLES / "draw_rose_window.py"))["draw"]
    assert not np.array_equal(draw(SMALL, seed=1), draw(SMALL, seed=2))


def test_every_script_has_its_picture() -> None:
    drawn = {path.stem.removeprefix("draw_") for path in SCRIPTS}
    assert {path.stem for path in PICTURES} == drawn
    assert {path.stem for path in PICTURES if path.parent.name == "content"} == CONTENT


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_committed_picture_opens(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert max(image.size) == 768
    assert path.stat().st_size < 300_000


def test_readme_names_every_picture() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in PICTURES:
        assert path.relative_to(EXAMPLES).as_posix() in text
        assert f"draw_{path.stem}.py" in text
