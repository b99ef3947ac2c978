"""The command under bad conditions: a full disk, a read-only folder, a clock set back, two writers at once.

The first two mount a small file system of their own (tmpfs), which needs root on Linux.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.kills import COMMANDS, Command, environment, prepare

NAMES = ("stylize", "stylize, JPEG", "batch, 2 processes", "video", "plugin install krita")
_BACK = 86_400  # seconds
_PATIENCE = 300.0

_CLOCK = """
import random, runpy, sys, time
rng, behind, shift = random.Random(int(sys.argv[1])), time.monotonic, 0.0
at, wall, nanoseconds = behind() + rng.uniform(0, float(sys.argv[2])), time.time, time.time_ns
def moved():
    return -{back} if behind() > at else 0
time.time = lambda: wall() + moved()
time.time_ns = lambda: nanoseconds() + moved() * 10**9
sys.argv[:] = sys.argv[3:]
runpy.run_module("nst_onnx", run_name="__main__", alter_sys=True)
"""
"""Runs the command with a clock that is set back by a day at a random moment."""


@dataclass
class Figures:
    """Counts of runs: finished well, refused in one line, and ended otherwise; outputs broken or lost.

    `left_over`: temporary files that are there afterwards; `again`: of how many runs of the same, without the
    condition, all finished well.
    """

    runs: int = 0
    finished: int = 0
    refused: int = 0
    otherwise: int = 0
    broken: int = 0
    lost: int = 0
    left_over: int = 0
    again: int = 0
    not_again: int = 0

    def judge(self, done: subprocess.CompletedProcess[str]) -> None:
        """Count how a process ended."""
        self.runs += 1
        lines = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
        plain = len(lines) == 1 and lines[0].startswith("error: ") and "this is a bug" not in lines[0]
        kind = "finished" if done.returncode == 0 else "refused" if plain else "otherwise"
        setattr(self, kind, getattr(self, kind) + 1)
        if kind == "otherwise":
            print(f"ended with {done.returncode}: {done.stderr[-500:]}", flush=True)

    def look(self, command: Command, place: Path) -> None:
        """Count outputs that are neither the old nor the new file, and temporary files."""
        for output in command.outputs:
            path = place / output
            if not path.exists():
                self.lost += 1
                continue
            try:
                self.broken += not command.is_whole(path)
            except Exception:
                self.broken += 1
            self.left_over += len(list(path.parent.glob(".nst-onnx-*")))

    def repeat(self, command: Command, place: Path) -> None:
        """Run the same again, and count whether it finishes well."""
        done = _run(command.words, place)
        whole = done.returncode == 0 and all(command.is_whole(place / output) for output in command.outputs)
        self.again, self.not_again = self.again + whole, self.not_again + (not whole)


def run(condition: str, name: str, runs: int, rng: random.Random) -> Figures:
    """Run a command that often under a condition."""
    figures = Figures()
    for _ in range(runs):
        CONDITIONS[condition](COMMANDS[name], rng, figures)
    return figures


def _full_disk(command: Command, rng: random.Random, figures: Figures) -> None:
    """The disk is full after a random number of bytes, mostly few; later there is room."""
    with _disk(64 << 20) as place:
        prepare(place, command)
        free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
        ballast = place / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - int(4096 * 2 ** rng.uniform(0, 9)) // 4096 * 4096)
        figures.judge(_run(command.words, place))
        ballast.unlink()
        figures.look(command, place)
        figures.repeat(command, place)


def _read_only(command: Command, rng: random.Random, figures: Figures) -> None:
    """The file system is read-only; later it is not."""
    with _disk(64 << 20) as place:
        prepare(place, command)
        _mount("-o", "remount,ro", str(place))
        figures.judge(_run(command.words, place))
        _mount("-o", "remount,rw", str(place))
        figures.look(command, place)
        figures.repeat(command, place)


def _clock_set_back(command: Command, rng: random.Random, figures: Figures) -> None:
    """The clock is set back by a day at a random moment, and all files that were there are from tomorrow."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, command)
        tomorrow = time.time() + _BACK
        for path in place.rglob("*"):
            os.utime(path, (tomorrow, tomorrow))
        program = _CLOCK.format(back=_BACK)
        words = [sys.executable, "-c", program, str(rng.randrange(1 << 30)), "6"]
        figures.judge(_run([*words, *command.words[2:]], place))  # after: python -m
        figures.look(command, place)
        figures.repeat(command, place)


def _two_writers(command: Command, rng: random.Random, figures: Figures) -> None:
    """Two processes of the same command, the second a random moment after the first."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, command)
        both = []
        for wait in (0.0, rng.uniform(0, 3)):
            time.sleep(wait)
            both.append(
                subprocess.Popen(
                    command.words,
                    cwd=place,
                    env=environment(place),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        for process in both:
            _, told = process.communicate(timeout=_PATIENCE)
            figures.judge(subprocess.CompletedProcess(command.words, process.returncode, "", told))
        figures.look(command, place)
        figures.repeat(command, place)


CONDITIONS: Mapping[str, Callable[[Command, random.Random, Figures], None]] = {
    "disk full": _full_disk,
    "read-only": _read_only,
    "clock set back": _clock_set_back,
    "two writers": _two_writers,
}


def _run(words: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


@contextmanager
def _disk(size: int) -> Iterator[Path]:
    """Mount a file system of so many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        _mount("-t", "tmpfs", "-o", f"size={size}", "nst-onnx-test", folder)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)
