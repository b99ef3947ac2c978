"""Fuzzing of one kind of file, in a process of its own that may crash or hang.

    python -m benchmarks.reliability.fuzz KIND SECONDS SEED FOLDER

Damages sound samples and reads them, for SECONDS. Before each try the input is in FOLDER. Prints a line of
JSON after each 50 tries and at the end.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peak_memory import peak
from benchmarks.reliability.mutation import mutated
from benchmarks.reliability.targets import ROOT, SUFFIXES, TARGETS

HANG = 60.0
"""Seconds after which an input counts as a hang."""


@dataclass
class Figures:
    """Counts of inputs: read as sound, refused by an NstError, and neither; seconds of the slowest; bytes."""

    seconds: float = 0.0
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    crashes: int = 0
    hangs: int = 0
    slowest: float = 0.0
    peak: int = 0

    def add(self, other: Figures) -> None:
        """Add what another process counted."""
        for name in ("seconds", "inputs", "accepted", "refused", "crashes", "hangs"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.slowest, self.peak = max(self.slowest, other.slowest), max(self.peak, other.peak)


def run(kind: str, seconds: float, seed: int, kept: Path) -> Figures:
    """Fuzz a kind of file for that long, again after each crash; inputs that crashed go to `kept`."""
    total, attempt = Figures(), 0
    while total.seconds < seconds - 1 and attempt < 20:
        with tempfile.TemporaryDirectory() as folder:
            found, why = _one_process(kind, seconds - total.seconds, seed + attempt, Path(folder))
            total.add(found)
            if why:
                kept.mkdir(parents=True, exist_ok=True)
                for path in Path(folder).glob("input*"):
                    (kept / f"{kind.replace(' ', '-')}-{seed + attempt}-{why}{path.suffix}").write_bytes(
                        path.read_bytes()
                    )
        attempt += 1
    return total


def _one_process(kind: str, seconds: float, seed: int, folder: Path) -> tuple[Figures, str]:
    """Return the figures of one process, and why it ended early: "crash" or "hang", else ""."""
    words = [sys.executable, "-m", __spec__.name, kind, str(seconds), str(seed), str(folder)]
    started = time.monotonic()
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=subprocess.DEVNULL, cwd=ROOT)
        why = ""
        while process.poll() is None:
            time.sleep(0.2)
            inputs = list(folder.glob("input*"))
            if inputs and time.time() - inputs[0].stat().st_mtime > HANG:
                process.kill()
                why = "hang"
        process.wait()
    lines = [line for line in output.read_text().splitlines() if line.startswith("{")]
    figures = Figures(**json.loads(lines[-1])) if lines else Figures()
    if process.returncode and not why:
        why = "crash"
        figures.crashes += 1
    elif why:
        figures.hangs += 1
    figures.seconds = max(figures.seconds, time.monotonic() - started)
    return figures, why


def fuzz(kind: str, seconds: float, seed: int, folder: Path) -> None:
    """Fuzz in this process; print the figures."""
    sys.path.insert(0, str(ROOT / "tests"))  # makers of files
    from nst_onnx.editors.worker.protocol import ProtocolError
    from nst_onnx.errors import NstError

    warnings.simplefilter("ignore")
    target, rng, figures = TARGETS[kind], random.Random(seed), Figures()
    samples = target.samples()
    path = folder / f"input{SUFFIXES.get(kind, '.bin')}"
    for sample in samples:  # a sound one is read, or this measures nothing
        path.write_bytes(sample)
        target.read(path)
    started = time.monotonic()
    while (now := time.monotonic()) - started < seconds:
        path.write_bytes(mutated(rng.choice(samples), samples, rng))
        figures.inputs += 1
        try:
            target.read(path)
            figures.accepted += 1
        except (NstError, ProtocolError):
            figures.refused += 1
        figures.slowest = max(figures.slowest, time.monotonic() - now)
        if figures.inputs % 50 == 0:
            _print(figures, started)
    _print(figures, started)


def _print(figures: Figures, started: float) -> None:
    figures.seconds, figures.peak = time.monotonic() - started, peak()
    print(json.dumps(asdict(figures)), flush=True)


if __name__ == "__main__":
    fuzz(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
