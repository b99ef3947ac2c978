"""Workers of a cluster execute nothing that lies in the working folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.pictures import smooth_picture

pytest.importorskip("ray", reason='needs the extra "cluster"')

NAMES = ("bisect", "colorsys", "csv", "decimal", "fractions", "plistlib", "queue", "statistics", "wave")
"""Modules that libraries import late."""


def test_ray_executes_nothing_beside_the_pictures(tmp_path: Path) -> None:
    for number, name in enumerate(("photo.png", "style.png")):
        smooth_picture(32, 32, seed=number).save(tmp_path / name)
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / name)!r} + '.executed', 'w').close()\n")
    line = [sys.executable, "-P", "-m", "nst_onnx", "batch", "photo.png", "--styles", "style.png"]
    line += ["--out-dir", "out", "--size", "32", "--steps", "2", "--model", "compact", "--device", "cpu"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*line, "--ray", "--quiet"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo-style.png"]
    assert not list(tmp_path.glob("*.executed"))
