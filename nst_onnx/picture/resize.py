"""Resampling a picture to another size, by a Lanczos window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import OptionError
from nst_onnx.support import disk_arrays


def fit(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (height, width) of the same aspect as `shape` with the longest side `longest`.

    Neither side falls below 1. Raises OptionError if `longest` is less than 1.
    """
    if longest < 1:
        raise OptionError(f"the size must be at least 1 pixel, not {longest}")
    scale = longest / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    return height, width


def resize(
    array: NDArray[np.float32], shape: tuple[int, int], *, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Resample a float32 H×W or H×W×C array to `shape` (height, width); into `out` if it is given.

    A Lanczos window of three lobes, widened when reducing so that nothing aliases; computed in
    float32 by Pillow, the rows first and then the columns. The result is clipped to 0..1, because
    Lanczos overshoots at edges. `array` and `out` may be memory-mapped: they are processed strip
    by strip, and the intermediate of the two passes is then memory-mapped, too.
    Raises OptionError if a side of `shape` is less than 1.
    """
    height, width = shape
    if height < 1 or width < 1:
        raise OptionError(f"a picture cannot be resized to {width}×{height} pixels")
    resized = np.empty((height, width, *array.shape[2:]), np.float32) if out is None else out
    old, new = (whole[..., np.newaxis] if whole.ndim == 2 else whole for whole in (array, resized))
    if len(old) == height:
        for rows, strip in _rows_resampled(old, width):
            np.clip(strip, 0, 1, out=new[rows])
            disk_arrays.release(new)
        return resized
    on_disk = any(isinstance(whole, np.memmap) for whole in (array, resized))
    for columns, band in _bands(old, shape, on_disk):
        np.clip(_resample(band, (height, band.shape[1])), 0, 1, out=new[:, columns])
        disk_arrays.release(band, new)
    return resized


def _rows_resampled(array: NDArray[np.float32], width: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield strips of rows resampled to `width`."""
    height, old_width, channels = array.shape
    for rows in disk_arrays.strips(height, max(old_width, width) * channels * 4):
        yield rows, _resample(array[rows], (rows.stop - rows.start, width))
        disk_arrays.release(array)


def _bands(
    array: NDArray[np.float32], shape: tuple[int, int], on_disk: bool
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield `array` with its rows resampled to the width of `shape`, in bands of columns of full height.

    Strips and bands do not change any pixel: each row is resampled by itself here, each column by the
    caller. A band is contiguous, because reading some columns of memory-mapped rows costs as much as
    reading the whole rows.
    """
    (old_height, _, channels), (height, width) = array.shape, shape
    bands = list(disk_arrays.strips(width, max(old_height, height) * channels * 4))
    held = disk_arrays.empty((len(bands), old_height, bands[0].stop, channels), on_disk=on_disk)
    for rows, strip in _rows_resampled(array, width):
        for band, columns in zip(held, bands, strict=True):
            band[rows, : columns.stop - columns.start] = strip[:, columns]
        disk_arrays.release(held)
    for band, columns in zip(held, bands, strict=True):
        yield columns, band[:, : columns.stop - columns.start]


def _resample(array: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    from PIL import Image

    resampled = np.empty((*shape, array.shape[2]), np.float32)
    for channel in range(array.shape[2]):
        image = Image.fromarray(np.ascontiguousarray(array[..., channel], dtype=np.float32))
        resampled[..., channel] = np.asarray(image.resize(shape[::-1], Image.Resampling.LANCZOS))
    return resampled
