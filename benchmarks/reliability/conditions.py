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
from functools import cache
from pathlib import Path

from benchmarks.reliability.kills import COMMANDS, Command, environment, prepare

NAMES = ("stylize", "stylize, JPEG", "batch, 2 processes", "video", "plugin install krita")
_BACK = 86_400  # seconds
_TRIES = 5  # for each run in which the condition must occur while the command runs
_PATIENCE = 300.0

_CLOCK = """
import pathlib, runpy, sys, time
behind, sign = time.monotonic, sys.argv[2]
at, wall, nanoseconds = behind() + float(sys.argv[1]), time.time, time.time_ns
def moved():
    return -{back} if behind() > at else 0
time.time = lambda: wall() + moved()
time.time_ns = lambda: nanoseconds() + moved() * 10**9
sys.argv[:] = sys.argv[3:]
try:
    runpy.run_module("nst_onnx", run_name="__main__", alter_sys=True)
finally:
    if moved():
        pathlib.Path(sign).touch()
"""
"""Runs the command with a clock that is set back by a day after some seconds; a file says if that was."""


@dataclass
class Figures:
    """Counts of runs: finished well, refused in words, and ended otherwise; outputs broken or lost.

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

    def judge(self, done: subprocess.CompletedProcess[str], command: Command) -> None:
        """Count how a process ended: refused is a line, at most one for each output."""
        self.runs += 1
        lines = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
        known = all(line.startswith("error: ") and "this is a bug" not in line for line in lines)
        plain = known and 0 < len(lines) <= max(len(command.outputs), 1)  # an editor's worker has none
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
        figures.judge(_run(command.words, place), command)
        ballast.unlink()
        figures.look(command, place)
        figures.repeat(command, place)


def _read_only(command: Command, rng: random.Random, figures: Figures) -> None:
    """The file system is read-only; later it is not."""
    with _disk(64 << 20) as place:
        prepare(place, command)
        _mount("-o", "remount,ro", str(place))
        figures.judge(_run(command.words, place), command)
        _mount("-o", "remount,rw", str(place))
        figures.look(command, place)
        figures.repeat(command, place)


def _clock_set_back(command: Command, rng: random.Random, figures: Figures) -> None:
    """The clock is set back by a day at a random moment, and all files that were there are from tomorrow."""
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            place, sign = Path(folder), Path(folder, "set-back")
            prepare(place, command)
            tomorrow = time.time() + _BACK
            for path in place.rglob("*"):
                os.utime(path, (tomorrow, tomorrow))
            words = [sys.executable, "-c", _CLOCK.format(back=_BACK), str(rng.uniform(0, _seconds(command)))]
            done = _run([*words, str(sign), *command.words[2:]], place)  # after: python -m
            if not sign.exists():
                continue
            figures.judge(done, command)
            figures.look(command, place)
            figures.repeat(command, place)
            return


def _two_writers(command: Command, rng: random.Random, figures: Figures) -> None:
    """Two processes of the same command, the second a random moment after the first, which still runs."""
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            prepare(place, command)
            delay = rng.uniform(0, _seconds(command))
            processes = [_begun(command.words, place)]
            try:
                time.sleep(delay)
                at_once = processes[0].poll() is None
                processes.append(_begun(command.words, place))
                ended = [_ended(process) for process in processes]
            finally:
                for process in processes:
                    _end(process)
            if not at_once:
                continue
            for done in ended:
                figures.judge(done, command)
            figures.look(command, place)
            figures.repeat(command, place)
            return


CONDITIONS: Mapping[str, Callable[[Command, random.Random, Figures], None]] = {
    "disk full": _full_disk,
    "read-only": _read_only,
    "clock set back": _clock_set_back,
    "two writers": _two_writers,
}


@cache
def _seconds(command: Command) -> float:
    """Return how long a command runs."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), command)
        started = time.monotonic()
        _run(command.words, Path(folder))
        return time.monotonic() - started


def _begun(words: list[str], place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a process, and return what it told on standard error."""
    try:
        _, told = process.communicate(timeout=_PATIENCE)
    finally:
        _end(process)
    return subprocess.CompletedProcess(process.args, process.returncode, "", told)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a process that still runs, and close its pipe."""
    if process.poll() is None:
        process.kill()
        process.communicate()


def _run(words: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    return _ended(_begun(words, place))


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
