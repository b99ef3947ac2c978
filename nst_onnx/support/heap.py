"""Memory that nobody uses any more, given back."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return to the system what the C library keeps of freed memory, where it can be asked to (glibc).

    Loading a network frees many pieces of some megabytes; they would stay beside what comes next.
    """
    with suppress(OSError, AttributeError, TypeError):  # no such library, or not its function
        ctypes.CDLL(None).malloc_trim(0)
