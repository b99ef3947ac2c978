"""Batches in processes of their own: killed, interrupted and started again, nothing is lost or broken."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.checkout import ROOT
from support.pictures import smooth_picture

from nst_onnx.errors import DeviceError, NstError, OptionError
from nst_onnx.jobs.batch import Ending, Job, Progress, grid
from nst_onnx.jobs.batch.process_pool import ProcessPool
from nst_onnx.jobs.batch.resources import per_process
from nst_onnx.jobs.batch.resume_file import ResumeFile
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.runtime import BACKENDS
from nst_onnx.support.memory import LEAST

PATIENCE = 120.0  # seconds after which a test gives up
OPTIONS: dict[str, Any] = {"size": 32, "steps": 40, "min_change": 0.0, "pyramid": False}
LINE = (
    "batch photos --styles styles --out-dir out --size 48 --steps 60 --min-change 0 --no-pyramid "
    "--model compact --device cpu --threads 1"
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with three photos and a style."""
    for number, name in enumerate(("photos/a", "photos/b", "photos/c", "styles/x")):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        smooth_picture(40, 48, seed=number).save(path)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**more: Any) -> BatchSettings:
    return BatchSettings(model="compact", device="cpu", threads=1, options=OPTIONS | more)


def events(jobs: list[Job], pool: ProcessPool, meanwhile: Callable[[int, Any], None]) -> dict[int, Ending]:
    endings = {}
    for number, event in pool.run(jobs):
        meanwhile(number, event)
        if isinstance(event, Ending):
            endings[number] = event
    return endings


def under_way(event: Any) -> bool:
    return isinstance(event, Progress) and event.iteration > 0


@posix
def test_a_killed_process_fails_only_its_picture(folder: Path) -> None:
    """As the system does when memory is short."""
    killed: list[int] = []

    def meanwhile(number: int, event: Any) -> None:
        if not killed and under_way(event):
            (child,) = multiprocessing.active_children()
            child.kill()
            killed.append(number)

    jobs = grid(["photos"], ["styles"], "out")
    endings = events(jobs, ProcessPool([settings()]), meanwhile)
    (victim,) = killed
    error = endings[victim].error
    assert error is not None
    assert "SIGKILL" in str(error)
    assert [endings[number].state for number in range(3) if number != victim] == ["painted"] * 2
    assert not Path(jobs[victim].output).exists()
    assert not multiprocessing.active_children()


def test_two_processes_paint_all(folder: Path) -> None:
    seen: set[int | None] = set()

    def meanwhile(number: int, event: Any) -> None:
        seen.update(child.pid for child in multiprocessing.active_children())

    endings = events(grid(["photos"], ["styles"], "out"), ProcessPool([settings(), settings()]), meanwhile)
    assert [endings[number].state for number in range(3)] == ["painted"] * 3
    assert len(seen) == 2
    assert not multiprocessing.active_children()


def test_stopping_keeps_what_is_at_hand_and_begins_nothing(folder: Path) -> None:
    pool = ProcessPool([settings(steps=100_000)])
    jobs = grid(["photos"], ["styles"], "out")
    endings = events(jobs, pool, lambda _, event: pool.stop() if under_way(event) else None)
    assert {number: ending.state for number, ending in endings.items()} == {0: "interrupted"}
    assert ResumeFile(jobs[0].output).path.exists()


def test_a_model_that_cannot_be_opened_ends_all(folder: Path) -> None:
    pool = ProcessPool([BatchSettings(model="no such model", device="cpu")])
    with pytest.raises(NstError, match="no such model"):
        list(pool.run(grid(["photos"], ["styles"], "out")))
    assert not multiprocessing.active_children()


def test_leaving_early_leaves_no_process(folder: Path) -> None:
    painting = ProcessPool([settings(steps=100_000)]).run(grid(["photos"], ["styles"], "out"))
    assert any(under_way(event) for _, event in painting)
    del painting
    assert not multiprocessing.active_children()


# ---- the command, as real processes


def start(*more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nst_onnx", *LINE.split(), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def started(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command; whatever of it is left at the end of the test is killed."""
    children: list[subprocess.Popen[str]] = []

    def begin(*more: str) -> subprocess.Popen[str]:
        children.append(start(*more))
        return children[-1]

    yield begin
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def workers_of(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in found if "multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_text()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def one_is_done_and_another_begun(folder: Path) -> bool:
    return bool(list(folder.glob("out/[!.]*.png"))) and bool(list(folder.glob("out/.*.state")))


@posix
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in Linux's way")
def test_killed_and_started_again(folder: Path, started: Callable[..., subprocess.Popen[str]]) -> None:
    child = started()
    wait_for(lambda: one_is_done_and_another_begun(folder))
    workers = workers_of(child.pid)
    assert workers
    child.kill()
    child.communicate()
    wait_for(lambda: all(map(gone, workers)))
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("out/[!.]*")}
    assert 1 <= len(finished) < 3
    for path in finished:
        with Image.open(path) as image:
            image.load()
    again = started("--json")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    told = json.loads(out)
    assert (told["painted"], told["skipped"], told["failed"]) == (3 - len(finished), len(finished), 0)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert {path.name for path in folder.glob("out/*")} == {"a-x.png", "b-x.png", "c-x.png"}


@posix
def test_a_killed_worker_of_the_command(folder: Path, started: Callable[..., subprocess.Popen[str]]) -> None:
    child = started("--json", "--steps", "120")
    wait_for(lambda: bool(list(folder.glob("out/.*.state"))))
    for worker in workers_of(child.pid):
        os.kill(worker, signal.SIGKILL)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 1
    told = json.loads(out)
    assert (told["painted"], told["failed"]) == (2, 1)
    assert err.count("SIGKILL") == 2  # when it happened, and at the end
    assert "Traceback" not in err


@posix
def test_ctrl_c(folder: Path, started: Callable[..., subprocess.Popen[str]]) -> None:
    """It reaches all processes of the terminal's group, as here."""
    child = started()
    wait_for(lambda: one_is_done_and_another_begun(folder))
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "not finished; the same command resumes" in err
    assert list(folder.glob("out/.*.state"))
    again = started()
    _, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert "there already" in err
    assert not list(folder.glob("out/.*"))


@posix
def test_ctrl_c_before_the_first_step(folder: Path, started: Callable[..., subprocess.Popen[str]]) -> None:
    """While the workers are still being born."""
    child = started()
    wait_for(lambda: bool(workers_of(child.pid)) or child.poll() is not None)
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert not list(folder.glob("out/[!.]*"))


# ---- how the machine is shared


def test_the_cores_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.jobs.batch.resources.usable_cores", lambda: 24)
    own = BatchSettings(device="cpu")
    assert [r.threads for r in per_process(own)] == [8, 8, 8]
    assert [r.threads for r in per_process(own, 4)] == [6] * 4
    assert [r.threads for r in per_process(own, 1)] == [0]
    assert [r.threads for r in per_process(own, 48)] == [1] * 48
    assert [r.threads for r in per_process(BatchSettings(device="cpu", threads=2), 4)] == [2] * 4


def test_one_process_for_each_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.runtime.devices._is_here", lambda kind: True)
    monkeypatch.setitem(BACKENDS, "cuda", replace(BACKENDS["cuda"], count=lambda: 2))
    assert [r.device for r in per_process(BatchSettings(device="cuda"))] == ["cuda:0", "cuda:1"]
    assert [r.device for r in per_process(BatchSettings(device="cuda"), 3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert [r.device for r in per_process(BatchSettings(device="cuda:1"))] == ["cuda:1"]
    assert [r.device for r in per_process(BatchSettings(device="cuda:1:tf32"), 2)] == ["cuda:1:tf32"] * 2


def test_the_memory_is_shared() -> None:
    (alone,) = per_process(BatchSettings(device="cpu", options={"max_memory": "4GB"}), 1)
    assert alone.options["max_memory"] == "4GB"
    several = per_process(BatchSettings(device="cpu", options={"max_memory": "4GB"}), 4)
    assert [r.options["max_memory"] for r in several] == [1 << 30] * 4
    tight = per_process(BatchSettings(device="cpu", options={"max_memory": "1GB"}), 4)
    assert [r.options["max_memory"] for r in tight] == [LEAST] * 4


def test_shares_that_make_no_sense() -> None:
    with pytest.raises(OptionError, match="at least one process"):
        per_process(BatchSettings(device="cpu"), 0)
    with pytest.raises(DeviceError):
        per_process(BatchSettings(device="abacus"))
