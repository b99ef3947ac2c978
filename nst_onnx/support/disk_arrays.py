"""Memory-mapped arrays for data larger than memory, processed strip by strip; and a pool of arrays."""

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

STRIP_BYTES = 1 << 24  # that are processed at a time


def empty(
    shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32, *, on_disk: bool
) -> npt.NDArray[np.float32]:
    """Return an array of zeros, in memory or memory-mapped to a temporary file that is deleted with it.

    The file is in the folder for temporary files (TMPDIR), without a name where the system allows that, so a
    killed program leaves no file. Raises NstError where the disk is full.
    """
    if not on_disk or 0 in shape:
        return np.zeros(shape, dtype)
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    try:
        with tempfile.TemporaryFile(prefix="nst-onnx-") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # a full disk fails here, not as SIGBUS later
            else:
                file.truncate(size)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        reason = system_reason(error)
        raise NstError(
            f"there is no room on the disk for an array beyond the memory limit ({size >> 20} MB: {reason})",
            "allow more memory, or set TMPDIR to a folder on a larger disk",
        ) from error


class ArrayPool:
    """Pool of float32 arrays of one shape; buffers in memory are recycled.

    Fresh memory costs a page fault for each 4 KB: several times the cost of adding two vectors there.
    """

    def __init__(self, shape: tuple[int, ...], *, on_disk: bool) -> None:
        self._shape, self._on_disk = shape, on_disk
        self._free: list[npt.NDArray[np.float32]] = []

    def empty(self) -> npt.NDArray[np.float32]:
        """Return an uninitialised array; its buffer returns to the pool when its last view is freed."""
        if self._on_disk:
            return empty(self._shape, on_disk=True)
        memory = self._free.pop() if self._free else np.empty(self._shape, np.float32)
        return np.asarray(_PooledBuffer(memory, self))

    def recycle(self, memory: npt.NDArray[np.float32]) -> None:
        """Add a buffer for a later `empty`."""
        self._free.append(memory)


class _PooledBuffer:
    """Buffer owner that returns its memory to the pool when the last view is freed."""

    def __init__(self, memory: npt.NDArray[np.float32], pool: ArrayPool) -> None:
        self.__array_interface__ = memory.__array_interface__
        self._memory, self._pool = memory, weakref.ref(pool)

    def __del__(self) -> None:
        pool = self._pool()
        if pool is not None:
            pool.recycle(self._memory)


def zeros_like(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return zeros of an array's shape, memory-mapped if it is."""
    return empty(array.shape, on_disk=isinstance(array, np.memmap))


def chunks(size: int, count: int = 1) -> Iterator[slice]:
    """Yield slices that partition float32 vectors of length `size`, `count` of them at a time."""
    return strips(size, 4 * count)


def release(*arrays: npt.NDArray[np.generic]) -> None:
    """Drop the resident pages of memory-mapped arrays (MADV_DONTNEED); other arrays are unchanged."""
    for array in arrays:
        base: object = array
        # Changes to a copy-on-write map ("c") are in memory only, so its pages must stay.
        while isinstance(base, np.ndarray) and getattr(base, "mode", None) != "c":
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)


def strips(height: int, row_bytes: int) -> Iterator[slice]:
    """Yield slices of rows that partition a picture, each of about `STRIP_BYTES` bytes, at least one row."""
    rows = max(1, STRIP_BYTES // max(row_bytes, 1))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
