from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst_onnx.cli import loss_plot
from nst_onnx.errors import NstError, OptionError

HISTORY = [
    {"scale": n // 5, "iteration": n + 1, "total": 2.0**-n, "content": 0.0, "style": 2.0**-n, "tv": 0.0}
    for n in range(10)
]


@pytest.mark.parametrize("suffix", loss_plot.SUFFIXES)
def test_every_format_that_is_promised(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"losses{suffix}"
    loss_plot.check(path)
    assert not path.exists()
    loss_plot.draw(HISTORY, path)
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]


def test_other_losses_make_another_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name, scale in (("a", 1.0), ("b", 1.0), ("c", 30.0)):
        history = [step | {"style": step["style"] * scale} for step in HISTORY]
        loss_plot.draw(history, tmp_path / f"{name}.png")
    a, b, c = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_an_existing_file_survives_a_failure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "losses.png"
    path.write_text("mine")
    with pytest.raises(KeyError):
        loss_plot.draw([{"iteration": 1}], path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NstError) as caught:
        loss_plot.check(tmp_path / "losses.png")
    assert "nst-onnx[plot]" in caught.value.hint


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(OptionError, match=r"losses\.xyz"):
        loss_plot.check(tmp_path / "losses.xyz")
