from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

from nst_onnx.cli.progress import stylize as stylize_progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (125, "2:05 min"),
        (3599, "59:59 min"),
        (3720, "1:02 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert stylize_progress.duration(seconds) == text


def test_losses_shown_are_the_sums_in_use() -> None:
    shown = stylize_progress.losses(
        {"total": 1.5, "content": 0.5, "style": 1.0, "tv": 0.0, "style/conv1_1": 1.0}
    )
    assert shown == "total 1.5  content 0.5  style 1"


def test_a_total_of_zero_is_shown() -> None:
    assert stylize_progress.losses({"total": 0.0, "content": 0.0}) == "total 0"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX pseudo-terminal")
def test_a_bar_on_a_terminal(pair: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    words = "stylize content.png style.png -o out.png --size 32 --steps 5"
    child = subprocess.Popen(
        [sys.executable, "-m", "nst_onnx", *words.split()],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not more:
            break
        shown += more
    os.close(ours)
    out, _ = child.communicate()
    assert child.returncode == 0
    assert out == b""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"scale 1/1 32×26.*5/5", text)
    assert "model compact" in text
    assert "wrote out.png" in text
