"""Freed heap memory, returned to the operating system."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return the heap memory that glibc caches after it was freed (malloc_trim); do nothing elsewhere.

    Loading a network frees many blocks of some megabytes; cached, they add to the peak of what follows.
    """
    with suppress(OSError, AttributeError, TypeError):  # another C library, or one without malloc_trim
        ctypes.CDLL(None).malloc_trim(0)
