"""How much memory a GPU has."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def gpu_memory(index: int) -> int | None:
    """Return the bytes of an NVIDIA GPU's memory as its driver's program tells; None where it does not."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, f"--id={index}", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return int(answer) << 20 if answer.isdigit() else None  # it counts in MiB
