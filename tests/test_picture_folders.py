"""Nothing that lies in a folder of pictures is ever executed."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.pictures import smooth_picture

from nst_onnx.editors import engine_file

# Modules that Python, multiprocessing and the libraries import while a process starts, and later.
NAMES = (
    "abc asyncio codecs collections contextlib copyreg email encodings enum functools heapq io json locale "
    "logging multiprocessing numpy onnx os PIL pickle platform queue random re runpy selectors shutil signal "
    "site sitecustomize socket stat string struct subprocess tempfile threading types typing usercustomize "
    "warnings weakref zipfile"
).split()
OPTIONS = "--styles style.jpg --out-dir out --size 32 --steps 2 --model compact --device cpu --quiet".split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of pictures with a Python file for each name, which leaves a mark when it is executed."""
    for number, name in enumerate(("a.png", "b.png", "style.jpg")):
        smooth_picture(32, 32, seed=number).save(tmp_path / name)
    for name in NAMES:
        mark = tmp_path / f"{name}.executed"
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    return tmp_path


@pytest.mark.parametrize("jobs", [1, 2])
def test_batch_executes_nothing_beside_the_pictures(jobs: int, folder: Path) -> None:
    command = Path(sysconfig.get_path("scripts")) / "nst-onnx"
    line = [str(command), "batch", "a.png", "b.png", *OPTIONS, "--jobs", str(jobs)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a-style.png", "b-style.png"]
    assert not list(folder.glob("*.executed"))


def test_the_module_executes_nothing_beside_the_pictures(folder: Path) -> None:
    """Python imports some modules of the working folder before ``-m`` begins; these are not ours."""
    ours = ("json", "numpy", "onnx", "PIL", "subprocess", "email", "tempfile", "multiprocessing")
    for path in folder.glob("*.py"):
        if path.stem not in ours:
            path.unlink()
    line = [sys.executable, "-m", "nst_onnx", "batch", "a.png", "b.png", *OPTIONS, "--jobs", "2"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(folder.glob("*.executed"))


def test_the_check_of_the_worker_executes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    engine_file.worker_version(engine_file.command())
    assert not list(folder.glob("*.executed"))
