"""Watchdog: ends the worker when its parent process dies.

Standard input ends with the parent, unless another process inherited the pipe; so the parent is polled as
well. (Linux's parent-death signal would not do: it comes when the *thread* dies that started
the worker, and an editor may well have started it from one that is short-lived.)
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

_INTERVAL = 0.5


def watch(end: Callable[[], None]) -> None:
    """Call `end` from another thread soon after the parent has died. On Windows the pipe must do."""
    if sys.platform == "win32":  # where a parent's number stays when it is gone
        return
    parent = os.getppid()

    def poll() -> None:
        while os.getppid() == parent:
            time.sleep(_INTERVAL)
        end()

    threading.Thread(target=poll, name="watching the parent", daemon=True).start()
