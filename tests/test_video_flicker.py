"""The measure of flicker, and the command that measures it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from support.checkout import ROOT

pytest.importorskip("av", reason='needs the extra "video"')
pytest.importorskip("cv2", reason='needs the extra "video"')
if not ((ROOT / "benchmarks").is_dir() and (ROOT / "examples").is_dir()):
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import flicker as bench


def test_flicker_is_what_the_motion_does_not_explain() -> None:
    clip = bench.example.Clip(frames=12, width=96, height=64)
    numbers = bench.chosen(clip, 5)
    assert len(numbers) == 5
    assert not clip.cuts() & set(numbers)
    still = {n: clip.frame(n) for n in range(12)}
    steady = bench.flicker(clip, still, numbers)
    rng = np.random.default_rng(0)
    shaken = {n: np.clip(f + rng.choice([-20, 20], f.shape), 0, 255) for n, f in still.items()}
    assert steady < 4
    assert 20 < bench.flicker(clip, shaken, numbers) < 30  # |±20 ± 20| is 20 on average


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--styles whirl --frames 4 --width 64 --height 48 --pairs 1 --steps 2 --frame-steps 1"
    more = ["--model", "compact", "--device", "cpu", "--sheets", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["flicker", *words.split(), *more])
    bench.main()
    *_, row = capsys.readouterr().out.splitlines()
    name, *cells = row.strip("| ").split(" | ")
    _, alone, film, ratio, cut, *_ = map(float, cells)
    assert name == "whirl"
    assert ratio == pytest.approx(film / alone, abs=0.02)
    assert cut < 8  # H.264's loss: the frame after the cut is painted as if alone
    assert (tmp_path / "flicker-whirl.png").stat().st_size > 0
