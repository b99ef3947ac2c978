"""A real cluster of Ray on this machine, and its processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.checkout import ROOT

PATIENCE = 180.0  # seconds after which a test gives up


@contextmanager
def local() -> Iterator[Any]:
    """Yield Ray, with a cluster that says it has four processors, so that four workers are at work."""
    import ray

    here = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(here)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
    try:
        yield ray
    finally:
        ray.shutdown()


def actors(name: str, driver: int | None = None) -> list[int]:
    """Return the actors of a class that a process (this one) has started, by the title that Ray gives."""
    listing = ["ps", "-eww", "-o", "pid,ppid,args"]  # not cut to the width of a terminal
    listed = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()[1:]]
    nodes = {
        pid for pid, parent, title in rows if "/raylet " in title and int(parent) == (driver or os.getpid())
    }
    return [int(pid) for pid, parent, title in rows if parent in nodes and name in title]


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so. Raises AssertionError where it never is."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
