"""The processors of this machine."""

from __future__ import annotations

import os

CORES_PER_PROCESS = 8  # more of them are mostly idle with small pictures; a rule of thumb, not measured


def usable_cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
