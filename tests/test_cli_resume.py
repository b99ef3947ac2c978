"""Killed and interrupted runs, as real processes: nothing is lost, and they go on bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.command import Outcome
from support.pictures import smooth_picture

from nst_onnx.errors import NstError
from nst_onnx.painting.checkpoint import Checkpoint

Nst = Callable[..., Outcome]
LINE = "stylize content.png style.png --size 48 --steps 120 --threads 1 --no-pyramid"
PATIENCE = 120.0  # seconds after which a test gives up

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with content.png, style.png, and whole.png made of them without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    smooth_picture(52, 64, seed=1).save(folder / "content.png")
    smooth_picture(60, 60, seed=2).save(folder / "style.png")
    child = start(folder, f"{LINE} -o whole.png -q")
    assert child.wait(PATIENCE) == 0
    return folder


def start(folder: Path, line: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nst_onnx", *line.split()],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    """Wait until `condition`, while the child runs."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert child.poll() is None, child.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.005)


def steps_saved(state: Path) -> int:
    try:
        return int(Checkpoint.load(state).facts["iteration"])
    except NstError:
        return 0


def go_on(folder: Path, line: str) -> str:
    child = start(folder, line)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    return err


@posix
def test_killed_without_warning(uninterrupted: Path) -> None:
    """Interrupted first, so that what is killed then has saved a state from the midst of the run."""
    state = uninterrupted / "killed.npz"
    line = f"{LINE} -o killed.png --resume killed.npz"
    child = start(uninterrupted, line)
    wait_for(state.exists, child)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=PATIENCE)
    (uninterrupted / "killed.png").unlink()
    before = steps_saved(state)
    child = start(uninterrupted, line)
    wait_for(lambda: steps_saved(state) > before, child)
    child.kill()
    child.communicate()
    assert not (uninterrupted / "killed.png").exists()
    assert before < steps_saved(state) < 120
    assert "resuming from killed.npz" in go_on(uninterrupted, line)
    assert (uninterrupted / "killed.png").read_bytes() == (uninterrupted / "whole.png").read_bytes()
    assert not state.exists()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(uninterrupted: Path, number: signal.Signals) -> None:
    name = f"after{int(number)}"
    out, state = uninterrupted / f"{name}.png", uninterrupted / f"{name}.npz"
    line = f"{LINE} -o {out.name} --resume {state.name}"
    child = start(uninterrupted, line)
    wait_for(state.exists, child)
    child.send_signal(number)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert f"interrupted; the best so far is in {out.name}" in err
    assert "Traceback" not in err
    assert out.exists()
    assert 1 <= steps_saved(state) < 120
    go_on(uninterrupted, line)
    assert out.read_bytes() == (uninterrupted / "whole.png").read_bytes()
    assert not state.exists()


@posix
def test_ctrl_c_before_there_is_anything_to_save(uninterrupted: Path) -> None:
    code = (
        "import signal, nst_onnx.cli.arguments as arguments; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # shells ignore it in the background
        "arguments.Arguments.network = lambda self: signal.raise_signal(signal.SIGINT); "
        "from nst_onnx.cli import main; raise SystemExit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *f"{LINE} -o early.png --resume early.npz".split()],
        cwd=uninterrupted,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert not list(uninterrupted.glob("early*"))


def test_state_of_a_run_that_ran_out_of_time_stays(pair: Path, nst: Nst) -> None:
    line = "stylize content.png style.png --size 32 --steps 3000 --resume s.npz"
    outcome = nst(*line.split(), "-o", "out.png", "--max-seconds", "0.05")
    assert outcome.code == 0
    assert "--resume s.npz again to resume" in outcome.err
    assert steps_saved(Path("s.npz")) >= 1
    assert Path("out.png").exists()


@pytest.mark.parametrize("size", [32, 160])
def test_with_its_time_up_each_call_goes_on(size: int, pair: Path, nst: Nst) -> None:
    """However little time a call has: it gets further, and the state stays until all steps are done."""
    line = f"stylize content.png style.png --size {size} --steps 6 --resume t.npz -o t.png --overwrite --json"
    before = 0
    while True:
        outcome = nst(*line.split(), "--max-seconds", "0.000001")
        assert outcome.code == 0
        assert json.loads(outcome.out)["complete"] == (not Path("t.npz").exists())
        if not Path("t.npz").exists():
            break
        assert steps_saved(Path("t.npz")) == json.loads(outcome.out)["iterations"] > before
        before = steps_saved(Path("t.npz"))
        assert "--resume t.npz again to resume" in outcome.err
    assert before >= 4
