"""A module of the benchmarks in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def fresh(module: str, *words: object) -> dict[str, Any]:
    """Return the JSON that a module prints in a process of its own. Raises RuntimeError."""
    command = [sys.executable, "-m", module, *map(str, words)]
    environment = {**os.environ, "BEGUN": str(time.time())}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
