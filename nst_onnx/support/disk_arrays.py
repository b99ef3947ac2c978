"""Arrays too large for memory: in a file of their own, looked at strip by strip."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import NstError
from nst_onnx.support.library_errors import system_reason

STRIP = 1 << 24  # bytes: what is looked at at a time


def empty(
    shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32, *, on_disk: bool
) -> npt.NDArray[np.float32]:
    """Return an array of zeros, in memory or in a file that goes when the array goes.

    The file stands in the folder for temporary files (TMPDIR) and has no name where the system allows
    that, so that nothing is left behind by a killed program. Raises NstError where the disk is full.
    """
    if not on_disk or 0 in shape:
        return np.zeros(shape, dtype)
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    try:
        with tempfile.TemporaryFile(prefix="nst-onnx-") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # a full disk is known now, not in the middle
            else:
                file.truncate(size)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        reason = system_reason(error)
        raise NstError(
            f"there is no room on the disk for what memory does not hold ({size >> 20} MB: {reason})",
            "allow more memory, or set TMPDIR to a folder on a larger disk",
        ) from error


class Room:
    """Arrays of one shape, float32; in memory, what nobody looks at any more is handed out again.

    Memory that is fresh from the system costs it work for each 4 KB: several times what it costs to add two
    vectors there.
    """

    def __init__(self, shape: tuple[int, ...], *, on_disk: bool) -> None:
        self._shape, self._on_disk = shape, on_disk
        self._free: list[npt.NDArray[np.float32]] = []

    def empty(self) -> npt.NDArray[np.float32]:
        """Return an array with anything in it."""
        if self._on_disk:
            return empty(self._shape, on_disk=True)
        memory = self._free.pop() if self._free else np.empty(self._shape, np.float32)
        return np.asarray(_Loan(memory, self))

    def take_back(self, memory: npt.NDArray[np.float32]) -> None:
        """Have memory to hand out again."""
        self._free.append(memory)


class _Loan:
    """What an array stands on: numpy lets go of it when the last view of the array goes."""

    def __init__(self, memory: npt.NDArray[np.float32], room: Room) -> None:
        self.__array_interface__ = memory.__array_interface__
        self._memory, self._room = memory, weakref.ref(room)

    def __del__(self) -> None:
        room = self._room()
        if room is not None:
            room.take_back(self._memory)


def beside(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return zeros of an array's shape, on disk if it is there."""
    return empty(array.shape, on_disk=isinstance(array, np.memmap))


def pieces(size: int, count: int = 1) -> Iterator[slice]:
    """Yield the slices that make up vectors of float32, of which `count` are looked at together."""
    return strips(size, 4 * count)


def release(*arrays: npt.NDArray[np.generic]) -> None:
    """Give back the memory that holds the parts of arrays on disk just looked at; others stay as they are."""
    for array in arrays:
        base: object = array
        # Changes to an array that is mapped copy-on-write ("c") are in memory only, and must stay there.
        while isinstance(base, np.ndarray) and getattr(base, "mode", None) != "c":
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)


def strips(height: int, row_bytes: int) -> Iterator[slice]:
    """Yield the slices of rows that make up a picture, each of about `STRIP` bytes and at least one row."""
    rows = max(1, STRIP // max(row_bytes, 1))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
