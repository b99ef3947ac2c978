"""A plug-in that an older nst-onnx installed: it is told everywhere, with the command that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

from nst_onnx.version import __version__

OLD = "0.0.1"
FOLDERS = {"gimp": "config/GIMP/3.0/plug-ins/neural_style", "krita": "data/krita/pykrita/neural_style"}
PAINT = """
import sys
sys.path.insert(0, sys.argv[1])
from nst_client.sandboxed_engine import NeuralEngine
from nst_client.failure import Failure
from pathlib import Path
try:
    with NeuralEngine(Path(sys.argv[1]), "org.example") as engine:
        engine.wait()
    print("ready")
except Failure as failure:
    print(failure)
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of an older version."""
    folder = tmp_path_factory.mktemp("older")
    for name in ("nst_onnx", "plugin"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "nst_onnx" / "version.py").write_text(f'__version__ = "{OLD}"\n')
    return folder


class Computer:
    """A person's home, with profiles of both editors, and what they can run there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        names = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "PATH": "bin"}
        self.environment = {**os.environ, **{name: str(home / folder) for name, folder in names.items()}}
        for folder in ("config/GIMP/3.0", "data/krita"):
            (home / folder).mkdir(parents=True)

    def plugin(self, checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `nst-onnx plugin` of a checkout."""
        return self.run(checkout, "-m", "nst_onnx", "plugin", *words)

    def paint(self, editor: str) -> str:
        """Start the engine as the installed plug-in does, with its own client; return what it says."""
        return self.run(self.home, "-c", PAINT, str(self.home / FOLDERS[editor])).stdout

    def run(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, *words]
        return subprocess.run(
            line, cwd=folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
@pytest.mark.parametrize("editor", ["gimp", "krita"])
def test_after_an_upgrade(tmp_path: Path, older: Path, editor: str) -> None:
    computer = Computer(tmp_path)
    # The older version installs its plug-in, and finds the newer engine: that is what this Python has.
    assert OLD in computer.plugin(older, "install", editor).stdout
    mend = f"nst-onnx plugin install {editor}"

    said = computer.paint(editor)
    assert said.startswith(f"This plug-in is that of nst-onnx {OLD}, but {__version__} is installed now. ")
    assert mend in said
    assert f"{OLD}: out of date" in computer.plugin(ROOT, "list").stdout
    doctor = computer.plugin(ROOT, "doctor", editor)
    assert doctor.returncode == 1
    (line,) = (line for line in doctor.stdout.splitlines() if line.startswith("FAIL"))
    assert f"nst-onnx {OLD}, but {__version__} is installed now; run: " in line
    assert line.endswith(mend)

    mended = computer.plugin(ROOT, "install", editor)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert computer.paint(editor) == "ready\n"
    assert "out of date" not in computer.plugin(ROOT, "list").stdout
    assert computer.plugin(ROOT, "doctor", editor).returncode == 0
