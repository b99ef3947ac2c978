"""Processes of the command killed at random times (SIGKILL): what becomes of files and of other processes."""

from __future__ import annotations

import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

_NST = [sys.executable, "-m", "nst_onnx"]
_QUICK = ["--device", "cpu", "--model", "compact", "--quiet"]
_OLD = (7, 77, 177)  # colour of the output that is there before
_TRIES = 5  # runs at most for each kill
_GRACE = 10.0  # seconds for processes to notice that their parent is gone


@dataclass
class Figures:
    """Counts of runs: killed, and finished before; broken or lost outputs; processes left over.

    `resumed`: of as many runs again as were killed, how many then finished well.
    """

    runs: int = 0
    killed: int = 0
    finished: int = 0
    broken: int = 0
    lost: int = 0
    left_over: int = 0
    resumed: int = 0
    unresumable: int = 0


@dataclass(frozen=True, eq=False)
class Command:
    """Words of a command, its outputs, and whether one is whole."""

    words: list[str]
    outputs: list[str]
    is_whole: Callable[[Path], bool]


def _picture(path: Path) -> bool:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    return pixels.std() > 5 or bool((pixels == _OLD).all())


def _film(path: Path) -> bool:
    import av

    if path.read_bytes() == b"old":
        return True
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0)) == 6


def _setting(path: Path) -> bool:
    text = path.read_text()
    return "enable_other=true" in text and text.count("[python]") == 1


_STYLIZE = [
    *_NST,
    "stylize",
    "a.png",
    "style.png",
    "--size",
    "96",
    "--steps",
    "60",
    "--min-change",
    "0",
    *_QUICK,
]
_WORKER = [
    sys.executable,
    "-c",
    "import subprocess, sys; engine = subprocess.Popen([sys.executable, '-m', 'nst_onnx.worker'], "
    "stdin=subprocess.PIPE, stdout=subprocess.PIPE); engine.stdout.readline(); engine.wait()",
]
COMMANDS: Mapping[str, Command] = {
    "stylize": Command([*_STYLIZE, "-o", "out.png", "--resume", "state"], ["out.png"], _picture),
    "stylize, JPEG": Command([*_STYLIZE, "-o", "out.jpg"], ["out.jpg"], _picture),
    "batch, 2 processes": Command(
        [
            *(
                *_NST,
                "batch",
                "a.png",
                "b.png",
                "--styles",
                "style.png",
                "--out-dir",
                ".",
                "--name",
                "{content}-out.png",
            ),
            *("--size", "96", "--steps", "30", "--jobs", "2", "--overwrite", *_QUICK),
        ],
        ["a-out.png", "b-out.png"],
        _picture,
    ),
    "video": Command(
        [
            *_NST,
            "video",
            "film.mp4",
            "style.png",
            "-o",
            "out.mp4",
            "--size",
            "64",
            "--frame-steps",
            "4",
            *_QUICK,
        ],
        ["out.mp4"],
        _film,
    ),
    "an editor with its worker": Command(_WORKER, [], lambda path: True),
    "plugin install krita": Command([*_NST, "plugin", "install", "krita"], ["config/kritarc"], _setting),
}


def run(name: str, kills: int, rng: random.Random) -> Figures:
    """Kill a command that often, at times spread over what a run takes; some runs finish before."""
    command, figures = COMMANDS[name], Figures()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, command)
        started = time.monotonic()
        if name != "an editor with its worker":  # it waits for its engine for ever
            subprocess.run(command.words, cwd=place, env=environment(place), check=True, capture_output=True)
        took = [max(1.0, time.monotonic() - started)]
    for _ in range(_TRIES * kills):
        if figures.killed == kills:
            break
        with tempfile.TemporaryDirectory() as folder:
            # The first run of a machine takes longer than the others.
            usual = statistics.median(took[1:] or took)
            finished = _one(command, Path(folder), rng.uniform(0, usual), figures)
            took += [finished] if math.isfinite(finished) else []
    return figures


def _one(command: Command, place: Path, seconds: float, figures: Figures) -> float:
    """Run the command and kill it after so many seconds; return those that it took, infinity if killed."""
    prepare(place, command)
    started = time.monotonic()
    variables = environment(place)
    process = subprocess.Popen(
        command.words,
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    took = time.monotonic() - started
    figures.runs += 1
    killed = process.returncode == -signal.SIGKILL
    figures.killed, figures.finished = figures.killed + killed, figures.finished + (not killed)
    deadline = time.monotonic() + _GRACE
    while (left := _members(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    figures.left_over += len(left)
    for pid in left:  # members of the session that was started here
        os.kill(pid, signal.SIGKILL)
    for output in command.outputs:
        if not (place / output).exists():
            figures.lost += 1
            continue
        try:
            figures.broken += not command.is_whole(place / output)
        except Exception:
            figures.broken += 1
    if killed and command.outputs and figures.killed % 5 == 0:  # the same again must succeed
        done = subprocess.run(command.words, cwd=place, env=variables, capture_output=True, check=False)
        whole = done.returncode == 0 and all(command.is_whole(place / output) for output in command.outputs)
        figures.resumed, figures.unresumable = figures.resumed + whole, figures.unresumable + (not whole)
    return math.inf if killed else took


def prepare(place: Path, command: Command) -> None:
    """Write the inputs, and outputs of an earlier time."""
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png", "style.png"):
        Image.fromarray(rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)).save(place / name)
    for output in command.outputs:
        (place / output).parent.mkdir(parents=True, exist_ok=True)
        if output.endswith((".png", ".jpg")):
            Image.new("RGB", (96, 64), _OLD).save(place / output, quality=100, subsampling=0)
        elif output.endswith(".mp4"):
            (place / output).write_bytes(b"old")
            _save_film(place / "film.mp4")
        else:
            (place / output).write_text("[python]\nenable_other=true\n")
    (place / "data" / "krita").mkdir(parents=True)


def _save_film(path: Path) -> None:
    import av

    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        for number in range(6):
            pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            film.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(video.encode(None))


def environment(place: Path) -> dict[str, str]:
    folders = {"XDG_CONFIG_HOME": str(place / "config"), "XDG_DATA_HOME": str(place / "data")}
    return {**os.environ, **folders, "NST_ONNX_HOME": str(place / "home")}


def _members(session: int) -> list[int]:
    """Return the living processes of a session, by Linux's /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(int(entry.name))
    return found
