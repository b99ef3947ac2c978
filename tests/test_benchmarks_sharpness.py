"""The judge of what editors paint: a sharp layer in the time foretold, or the end with what is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.sharpness import Run, judge


def painting() -> Image.Image:
    """Return a picture of fine and of broad strokes."""
    noise = np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(0.7))


def judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: Image.Image, taken: float, size: str = "128x96"
) -> str:
    """Have a layer judged that an editor painted in `taken` of 100 seconds; return the report."""
    for name in ("photo", "painting"):
        painting().save(tmp_path / f"{name}.png")

    def paint(photo: Path, style: Path, painted: Path, scratch: Path) -> Run:
        assert Image.open(photo).size == (128, 96)
        assert style == tmp_path / "painting.png"
        layer.save(painted)
        return Run("Easel 1.0", "About 100 s.", 100, taken)

    words = [str(tmp_path / "photo.png"), str(tmp_path / "painting.png"), "--size", size]
    monkeypatch.setattr(sys, "argv", ["judge", *words, "--output", str(tmp_path / "report")])
    judge("benchmarks/easel.py", "About.", paint)
    return (tmp_path / "report.md").read_text("utf-8")


def test_a_sharp_layer_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = judged(tmp_path, monkeypatch, painting(), 125)
    assert "Easel 1.0" in report
    assert "| 125 | 1.25 |" in report
    rows = [line for line in report.splitlines() if line.startswith("| painted")]
    assert rows[0].endswith("| 1.00 |")


def test_a_blurred_layer_is_not_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"between 0\.7 and 1\.3"):
        judged(tmp_path, monkeypatch, painting().filter(ImageFilter.GaussianBlur(4)), 100)


def test_a_layer_that_took_longer_is_not_what_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="within 30%"):
        judged(tmp_path, monkeypatch, painting(), 135)


def test_a_small_photo_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="too few"):
        judged(tmp_path, monkeypatch, painting(), 100, size="256x192")
