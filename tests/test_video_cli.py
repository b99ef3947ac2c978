"""The command ``nst-onnx video``: what it says, and being killed."""

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
from support.clips import packets, save, scene, times
from support.command import Outcome
from support.pictures import smooth_picture

from nst_onnx.cli.errors import FAILED, INTERRUPTED, MISUSED
from nst_onnx.cli.progress import video as video_progress
from nst_onnx.jobs.video import FrameStep

pytest.importorskip("av", reason='needs the extra "video"')
pytest.importorskip("cv2", reason='needs the extra "video"')

Nst = Callable[..., Outcome]
FRAMES = 6
LINE = ("video", "film.mp4", "style.png", "-o", "out.mp4", "--steps", "6", "--device", "cpu")
SECONDS = 120  # to wait for another process at the most


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, entered, that holds film.mp4 and style.png."""
    save(tmp_path / "film.mp4", [*scene(4, seed=1), *scene(2, seed=2)], sound="aac")
    smooth_picture(60, 60, seed=3).save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_film(folder: Path, nst: Nst) -> None:
    outcome = nst(*LINE, "--frame-steps", "2", "--json")
    assert outcome.code == 0
    facts = json.loads(outcome.out)
    assert facts.pop("seconds") > 0
    expected = {"output": "out.mp4", "frames": FRAMES, "painted": FRAMES, "scenes": [0, 4]}
    assert facts == expected | {"width": 96, "height": 64}
    assert "wrote out.mp4  96×64  6 frames, 1 cut" in outcome.err
    assert times(folder / "out.mp4") == times(folder / "film.mp4")
    assert packets(folder / "out.mp4") == packets(folder / "film.mp4")
    assert names(folder) == {"film.mp4", "style.png", "out.mp4"}


def test_quiet(folder: Path, nst: Nst) -> None:
    assert nst(*LINE, "--frame-steps", "2", "--quiet") == (0, "", "")


def test_settings_from_a_file(folder: Path, nst: Nst) -> None:
    (folder / "c.toml").write_text(
        "frame_steps = 2\ntemporal-weight = 2.5\ncrf = 30\nsize = 48\nstrength = 0.7"
    )
    outcome = nst(*LINE, "--config", "c.toml", "--json", "--quiet")
    assert (json.loads(outcome.out)["width"], json.loads(outcome.out)["height"]) == (48, 32)


@pytest.mark.parametrize(
    ("more", "says", "code"),
    [
        (("-o", "film.mp4"), "is an input", FAILED),
        (("-o", "out.avi"), "unknown suffix. Use .mp4", FAILED),
        (("-o", "."), "it is a folder", FAILED),
        (("--crf", "60"), "crf must be a whole number from 0 to 51", MISUSED),
        (("--frame-steps", "0"), "frame_steps must be a whole number of at least 1", MISUSED),
        (("--temporal-weight", "-1"), "temporal_weight must be a number", MISUSED),
        (("--temporal-weight", "nan"), "temporal_weight must be a number", MISUSED),
        (("--size", "95x63"), "must be even", FAILED),
    ],
)
def test_bad_options(folder: Path, nst: Nst, more: tuple[str, ...], says: str, code: int) -> None:
    before = names(folder)
    outcome = nst(*LINE, "--quiet", *more)
    assert outcome.code == code
    assert says in outcome.err
    assert outcome.err.count("\n") == 1
    assert names(folder) == before


def test_what_makes_no_sense_for_films_is_no_option(folder: Path, nst: Nst) -> None:
    for option in ("--bits", "--jpeg-quality", "--max-seconds"):
        assert nst(*LINE, option, "8").code == MISUSED


def test_files_are_kept_if_so_wished(folder: Path, nst: Nst) -> None:
    (folder / "out.mp4").write_bytes(b"mine")
    outcome = nst(*LINE, "--no-overwrite")
    assert outcome.code == FAILED
    assert "out.mp4 exists" in outcome.err
    assert (folder / "out.mp4").read_bytes() == b"mine"


def started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nst_onnx", *LINE, "--frame-steps", "20"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def stopped(folder: Path, number: int) -> str:
    """Start the command, stop it by a signal once two frames are kept, and return what it said."""
    process = started(folder)
    deadline = time.monotonic() + SECONDS
    while not (folder / "out.mp4.nst-onnx" / "000002.png").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    return process.communicate(timeout=SECONDS)[1] + f" {process.returncode}"


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_killed_and_started_again(folder: Path, nst: Nst) -> None:
    stopped(folder, signal.SIGKILL)
    assert not (folder / "out.mp4").exists()
    kept = len(list((folder / "out.mp4.nst-onnx").glob("*.png")))
    assert 2 <= kept < FRAMES
    facts = json.loads(nst(*LINE, "--frame-steps", "20", "--json", "--quiet").out)
    assert facts["painted"] == FRAMES - kept
    assert times(folder / "out.mp4") == times(folder / "film.mp4")
    assert packets(folder / "out.mp4") == packets(folder / "film.mp4")
    assert names(folder) == {"film.mp4", "style.png", "out.mp4"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(folder: Path, number: int) -> None:
    said = stopped(folder, number)
    assert f"of {FRAMES} frames are kept, the same command resumes" in said
    assert said.endswith(f" {INTERRUPTED}")
    assert "Traceback" not in said
    assert not (folder / "out.mp4").exists()


def frame_step(
    frame: int,
    iteration: int,
    iterations: int,
    losses: dict[str, float] | None = None,
    seconds: float = 1.0,
) -> FrameStep:
    return FrameStep(
        frame=frame,
        frames=10,
        iteration=iteration,
        iterations=iterations,
        losses=losses or {},
        seconds=seconds,
    )


def test_time_left_is_told_from_the_second_frame_on() -> None:
    estimate = video_progress.Estimate()

    def left(frame: int, iteration: int, seconds: float) -> float | None:
        return estimate.seconds_left(frame_step(frame, iteration, 5, seconds=seconds))

    assert left(0, 0, 1.0) is None  # done before
    assert left(1, 1, 2.0) is None
    assert left(2, 1, 50.0) is None
    assert left(3, 1, 54.0) == pytest.approx(4.0 * 7)
    assert left(4, 1, 58.0) == pytest.approx(4.0 * 6)


def test_lines_say_where_it_is() -> None:
    step = frame_step(2, 3, 20, {"total": 0.5, "temporal": 0.1, "tv": 0.0}, seconds=9.0)
    assert video_progress.line(step, 65.0) == "frame 3/10  step 3/20  total 0.5  temporal 0.1  1:05 min left"
    assert video_progress.line(frame_step(0, 0, 0), None) == "frame 1/10  done before"


def test_the_bar_of_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    bar = video_progress.Bar()
    with bar.shown():
        bar.show(frame_step(0, 0, 0))
        bar.show(frame_step(2, 3, 20, {"total": 0.5}, seconds=9.0))
        bar.say("a line [that] stays")
    assert "a line [that] stays" in capsys.readouterr().err
