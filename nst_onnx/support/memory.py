"""Memory limit of a run, and which of its arrays are memory-mapped to stay within it."""

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
from nst_onnx.support.arguments import shown

MIN_LIMIT = 512 << 20  # bytes; the libraries and a network's weights alone take nearly as much
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SHARE = 0.5  # of the machine's memory by default; the rest is for other programs
_PICTURES = 1 / 16  # of the limit: the largest picture held in memory
_STATE = 1 / 4  # of the limit: the largest optimiser state held in memory
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Memory:
    """Upper bound in bytes of the memory of a run, libraries included."""

    limit: int
    explicit: bool = True
    """Whether the limit was given by the user, and is not the default for this machine."""

    @classmethod
    def of(cls, size: int | str | None) -> Memory:
        """Return the memory for a `size` in bytes or like "2GB"; None takes half of the machine's.

        Raises OptionError for what is not a size, or is below `MIN_LIMIT`.
        """
        return cls(round(_SHARE * of_machine()), explicit=False) if size is None else cls(parse(size))

    def holds(self, size: int) -> bool:
        """Return whether a picture of `size` bytes is held in memory, not memory-mapped."""
        return size <= _PICTURES * self.limit

    def holds_state(self, size: int) -> bool:
        """Return whether an optimiser's vectors, of `size` bytes in total, are held in memory."""
        return size <= _STATE * self.limit

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[np.float32]:
        """Return an array of zeros for a picture, memory-mapped where it is too large for memory."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        return disk_arrays.empty(shape, dtype, on_disk=not self.holds(size))


def parse(size: int | str) -> int:
    """Return the bytes that a size like 2000000000, "2GB", "1.5 GiB" or "800M" means (powers of 1024).

    Raises OptionError for anything else, and for less than `MIN_LIMIT`.
    """
    found = None
    with suppress(ValueError, OverflowError):  # numbers of hundreds of digits
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", str(size).lower())
        found = match and round(float(match[1]) * _UNITS[match[2]])
    if found is None:
        raise OptionError(f"max_memory must be a size like 2GB, not {shown(size)}")
    if found < MIN_LIMIT:
        raise OptionError(f"max_memory must be at least {MIN_LIMIT >> 20}MB, not {size}")
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
