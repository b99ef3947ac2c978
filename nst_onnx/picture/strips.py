"""Streaming of pictures strip by strip, so that only one strip need be in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Samples

_PIXEL_BYTES = 16  # of a pixel in process: four channels in float32


class Rows(Protocol):
    """A picture that is read by slices of rows: an array, or `Computed`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """H×W or H×W×C."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of every strip."""

    def __getitem__(self, strip: slice, /) -> Samples: ...


@dataclass(frozen=True, eq=False)
class Computed:
    """Lazy rows, computed at each access: decoded, converted, or rounded."""

    compute: Callable[[slice], Samples]
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    def __getitem__(self, strip: slice, /) -> Samples:
        return self.compute(strip)


def converted(rows: Rows, convert: Callable[[Samples], Samples]) -> Computed:
    """Return lazy rows: `convert` of every strip, which must be a function of each pixel alone."""
    empty = convert(rows[0:0])
    return Computed(lambda strip: convert(rows[strip]), (rows.shape[0], *empty.shape[1:]), empty.dtype)


def copied(array: Samples) -> Computed:
    """Return lazy copies of an array's rows, so that the pages of a memory-mapped array can be dropped."""

    def copy(strip: slice) -> Samples:
        strip_copy = array[strip].copy()
        disk_arrays.release(array)
        return strip_copy

    return Computed(copy, array.shape, array.dtype)


def by_strips(rows: Rows) -> Iterator[tuple[slice, Samples]]:
    """Yield every strip from the top down: (slice of rows, samples)."""
    for strip in disk_arrays.strips(rows.shape[0], rows.shape[1] * _PIXEL_BYTES):
        yield strip, rows[strip]
