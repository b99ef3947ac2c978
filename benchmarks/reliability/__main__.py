"""Measure robustness, and write the tables of docs/reliability.md.

    python -m benchmarks.reliability fuzz [--seconds 600] [--kinds PNG JPEG …]
    python -m benchmarks.reliability kills [--runs 100] [--commands stylize batch …]
    python -m benchmarks.reliability conditions [--runs 10] [--commands stylize …]
                                                  [--conditions "disk full" …]
    python -m benchmarks.reliability write

Each measurement goes to benchmarks/results/reliability.json, over an earlier one of the same kind; inputs
that crash a reader to benchmarks/results/crashes/.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.reliability import conditions, kills, page
from benchmarks.reliability.fuzz import run
from benchmarks.reliability.targets import TARGETS
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.file_lock import acquire

RESULTS = Path(__file__).resolve().parents[1] / "results"
FILE = RESULTS / "reliability.json"
LOCK = Path(tempfile.gettempdir()) / "nst-onnx-reliability.lock"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["fuzz", "kills", "conditions", "write"])
    parser.add_argument("--seconds", type=float, default=600, help="of each kind of file")
    parser.add_argument("--kinds", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--runs", type=int, default=100, help="kills or runs of each command")
    parser.add_argument("--commands", nargs="+", choices=list(kills.COMMANDS), default=list(kills.COMMANDS))
    parser.add_argument(
        "--conditions", nargs="+", choices=list(conditions.CONDITIONS), default=list(conditions.CONDITIONS)
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "fuzz":
        for kind in given.kinds:
            figures = run(kind, given.seconds, given.seed, RESULTS / "crashes")
            _keep("fuzz", kind, asdict(figures))
    elif given.what == "kills":
        rng = random.Random(given.seed)
        for command in given.commands:
            _keep("kills", command, asdict(kills.run(command, given.runs, rng)))
    elif given.what == "conditions":
        rng = random.Random(given.seed)
        for condition in given.conditions:
            for command in (name for name in conditions.NAMES if name in given.commands):
                found = conditions.run(condition, command, given.runs, rng)
                _keep("conditions", f"{condition}: {command}", asdict(found))
    page.write(_results())


def _results() -> dict[str, Any]:
    empty: dict[str, Any] = {"fuzz": {}, "kills": {}, "conditions": {}}
    return empty | (json.loads(FILE.read_text()) if FILE.exists() else {})


def _keep(what: str, name: str, figures: dict[str, Any]) -> None:
    """Store the figures of one kind or command; several of these programs may run at a time."""
    while (held := acquire(LOCK)) is None:
        time.sleep(0.1)
    with held:
        results = _results()
        results[what][name] = {**figures, "machine": machine.facts()}
        with replacing(FILE) as file:
            file.write(f"{json.dumps(results, indent=1)}\n".encode())
    print(what, name, figures, flush=True)


if __name__ == "__main__":
    main()
