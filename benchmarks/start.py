"""Start-up times: import of the package, and the command from a cold start to its first step."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import objectives
from benchmarks.engines import EXACT
from benchmarks.fresh_process import ROOT
from benchmarks.memory import measure, torch_material
from benchmarks.pairs import Pair
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread, ratio, stopwatch, take_turns

SIZE = 512
IMPORTS = (5, 15)
COMMANDS = (3, 9)
MODEL = "compact"
DEVICES = ("auto", "cpu")
ABOUT = f"""
Seconds of fresh processes. Imports, interpreter included, are divided by PyTorch's. To the first step: from
the start of the command, with the {MODEL} network, to the line that reports its first step; divided by a
PyTorch program that reads the same network and pictures, preprocessed, and computes one gradient. The cache
is the package's own folder, which persists between runs. To the saved picture: the same command to its end,
with default options.
"""
HEADER = ("", "seconds", "÷ PyTorch")
IMPORTED = "python -c 'import torch'"
PROGRAM = "PyTorch program to its first gradient"


def run(setting: Setting) -> Part:
    """Measure imports, first steps (each interleaved), and whole pictures."""
    part = Part("Start", ABOUT, HEADER)
    pair, size = setting.pairs[0], setting.chosen(SIZE)[0]
    setting.tell("start: imports")
    where: dict[str, Any] = {"cwd": ROOT, "check": True}
    imports = {
        f"python -c '{code}'": stopwatch(partial(subprocess.run, [sys.executable, "-c", code], **where))
        for code in ("pass", "import torch", "import nst_onnx")
    }
    times = take_turns(imports, seconds=setting.seconds / 3, rounds=IMPORTS, tell=setting.tell)
    _add(part, times, IMPORTED)
    setting.tell(f"start: first steps, {size} px")
    some = objectives.ours(EXACT.open(MODEL), pair, (size, size))
    with torch_material(some) as material, tempfile.TemporaryDirectory() as home:
        things: dict[str, Callable[[], float]] = {PROGRAM: partial(first_gradient, material)}
        for device in DEVICES:
            for cache, folder in (("empty", None), ("warm", home)):
                name = f"command to its first step, --device {device}, cache {cache}"
                things[name] = partial(first_step, pair, size, device, folder)
        times = take_turns(things, seconds=setting.seconds, rounds=COMMANDS, tell=setting.tell)
        _add(part, times, PROGRAM)
        for device in DEVICES:
            setting.tell(f"start: a whole picture, {device}")
            _add(
                part, {f"command to the saved picture, --device {device}": [whole(pair, size, device, home)]}
            )
    return part


def _add(part: Part, times: Mapping[str, Sequence[float]], reference: str = "") -> None:
    for what, seconds in times.items():
        against = ratio(seconds, times[reference]) if reference else None
        part.records.append({"what": what, "seconds": seconds, "reference": reference, "ratio": against})
        cell = "–" if against is None else "1" if what == reference else str(against)
        part.rows.append((what, str(Spread.of(seconds)), cell))


def first_gradient(material: Path) -> float:
    """Return the seconds of PyTorch's program to its first gradient."""
    return measure("torch", material, "fp32", "channels_last", 1)["first"]


def first_step(pair: Pair, size: int, device: str, home: str | None) -> float:
    """Return the seconds of the command to the report of its first step, with its cache in `home`."""
    with tempfile.TemporaryDirectory() as empty:
        begun = time.perf_counter()
        with command(pair, size, device, home or empty, Path(empty) / "painted.png") as process:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if line.startswith("scale "):
                    break
            else:
                raise RuntimeError(f"the command reported no step: {''.join(lines)[-2000:]}")
            taken = time.perf_counter() - begun
            process.kill()
    return taken


def whole(pair: Pair, size: int, device: str, home: str) -> float:
    """Return the seconds of the command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with command(pair, size, device, home, Path(folder) / "painted.png") as process:
            _, said = process.communicate()
        if process.returncode:
            raise RuntimeError(f"the command failed: {said[-2000:]}")
        return time.perf_counter() - begun


def command(pair: Pair, size: int, device: str, home: str, output: Path, *more: str) -> subprocess.Popen[str]:
    """Start ``nst-onnx stylize`` with the compact network."""
    words = [sys.executable, "-m", "nst_onnx", "stylize", str(pair.content), str(pair.style)]
    words += ["--output", str(output), "--model", MODEL, "--size", str(size), "--device", device, *more]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "NST_ONNX_HOME": home},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
