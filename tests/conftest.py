"""Fixtures that several test files share: tiny pictures, the shared material, the command in process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from nst_onnx.cli import main
from nst_onnx.runtime import telemetry

telemetry.disable()  # for the tests that import onnxruntime or Ray themselves

ROOT = Path(__file__).resolve().parents[1]

with suppress(ImportError):  # some environments have only what their tests need
    from hypothesis import settings

    settings.register_profile("any machine", deadline=None)  # tests do not judge how fast it is
    settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the models and settings of whoever runs them."""
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("NST_ONNX_MODEL", "NST_ONNX_DEVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of pictures and weights that lies beside the repository where it is developed."""
    path = ROOT.parent / "shared"
    if not (path / "images").is_dir():
        pytest.skip("needs the pictures and weights of ../shared, which are not part of the repository")
    return path


def smooth_picture(height: int, width: int, seed: int) -> Image.Image:
    """Return a picture of soft coloured waves."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(rng.uniform(4, 20) * x + rng.uniform(4, 20) * y + rng.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.rint(127.5 + 127.5 * np.dstack(waves)).astype(np.uint8))


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, entered, that holds content.png (40×32) and style.png (36×36)."""
    smooth_picture(32, 40, seed=1).save(tmp_path / "content.png")
    smooth_picture(36, 36, seed=2).save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Outcome(NamedTuple):
    """What a run of the command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def nst(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the command in this process: nst("models", "list")."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Outcome(code, *capsys.readouterr())

    return run
