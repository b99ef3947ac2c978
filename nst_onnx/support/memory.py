"""How much memory a run may take, and what that means for its arrays."""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.support import disk_arrays

LEAST = 512 << 20  # bytes: the libraries and a network's weights alone take nearly as much
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SHARE = 0.5  # of the machine's memory: other programs want to live, too
_PICTURES = 1 / 16  # of the limit: the largest picture that is kept in memory
_STATE = 1 / 4  # of the limit: all that an optimiser may keep in memory
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Memory:
    """The most bytes that a run should hold in memory at any time, libraries included."""

    limit: int
    wished: bool = True
    """Whether somebody asked for this limit, rather than that it is what the machine suggests."""

    @classmethod
    def of(cls, size: int | str | None) -> Memory:
        """Return the memory for a `size` in bytes or like "2GB"; None takes half of the machine's.

        Raises OptionError for what is no size, or less than the libraries alone need.
        """
        return cls(round(_SHARE * of_machine()), wished=False) if size is None else cls(parse(size))

    def holds(self, size: int) -> bool:
        """Whether a picture of so many bytes stays in memory."""
        return size <= _PICTURES * self.limit

    def holds_state(self, size: int) -> bool:
        """Whether an optimiser's vectors, of so many bytes in all, stay in memory."""
        return size <= _STATE * self.limit

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[np.float32]:
        """Return an array of zeros for a picture, on disk where it is too large to be held."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        return disk_arrays.empty(shape, dtype, on_disk=not self.holds(size))


def parse(size: int | str) -> int:
    """Return the bytes that a size like 2000000000, "2GB", "1.5 GiB" or "800M" means (powers of 1024).

    Raises OptionError for anything else, and for less than `LEAST`.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", str(size).lower())
    if match is None:
        raise OptionError(f"max_memory must be a size like 2GB, not {size!r}")
    found = round(float(match[1]) * _UNITS[match[2]])
    if found < LEAST:
        raise OptionError(f"max_memory must be at least {LEAST >> 20}MB, not {size}")
    return found


def release_free_memory() -> None:
    """Return memory that the C library holds after `free` to the system (glibc's ``malloc_trim``).

    Loading a network frees many blocks of some megabytes, which would stay resident beside what follows.
    """
    with suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def of_machine() -> int:
    """Return the bytes of memory that this machine, or the container this runs in, has."""
    found = [_physical()]
    for name in _CGROUPS:
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    return min(found)


def _physical() -> int:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _physical_on_windows()


def _physical_on_windows() -> int:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "free", "page", "free_page", "virtual", "left")
            ),
            ("extended", ctypes.c_ulonglong),
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.total)
