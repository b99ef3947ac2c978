"""Pictures that are looked at strip by strip, so that no more of them need be in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nst_onnx.support import disk_arrays

_PIXEL = 16  # bytes of a pixel at work: four channels in float32


class Rows(Protocol):
    """A picture whose strips of rows can be asked for: an array, or `Computed`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """H×W or H×W×C."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of every strip."""

    def __getitem__(self, strip: slice, /) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class Computed:
    """Rows that are computed whenever they are asked for: decoded, converted, or rounded."""

    compute: Callable[[slice], NDArray[Any]]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, strip: slice, /) -> NDArray[Any]:
        return self.compute(strip)


def converted(rows: Rows, convert: Callable[[NDArray[Any]], NDArray[Any]]) -> Computed:
    """Return `rows` with every strip run through `convert`, which must treat each pixel by itself."""
    none = convert(rows[0:0])
    return Computed(lambda strip: convert(rows[strip]), (rows.shape[0], *none.shape[1:]), none.dtype)


def copied(array: NDArray[Any]) -> Computed:
    """Return the rows of an array of ours, copied out of it so that an array on disk takes no memory."""

    def copy(strip: slice) -> NDArray[Any]:
        taken = array[strip].copy()
        disk_arrays.release(array)
        return taken

    return Computed(copy, array.shape, array.dtype)


def by_strips(rows: Rows) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield every strip of rows from the top down: where it is, and what is in it."""
    for strip in disk_arrays.strips(rows.shape[0], rows.shape[1] * _PIXEL):
        yield strip, rows[strip]
