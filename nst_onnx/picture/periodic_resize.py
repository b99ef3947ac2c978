"""Resampling of a tile: a picture whose left side continues at its right one, its lower at its upper one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.resize import resize


def resize_periodic(array: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resample a float32 H×W×C tile to `shape` (height, width), which is even, as are its own sides.

    As `resize`, with the window wrapped around: along each axis the borders come from the tile shifted by
    half its length, where they lie in the middle.
    """
    height, width = shape
    wide = _along(array, (array.shape[0], width), 1)
    return _along(wide, (height, width), 0)


def _along(array: NDArray[np.float32], shape: tuple[int, int], axis: int) -> NDArray[np.float32]:
    length = shape[axis]
    resized = resize(array, shape)
    shifted = resize(np.roll(array, array.shape[axis] // 2, axis), shape)
    around = np.roll(shifted, -(length // 2), axis)
    for border in (slice(0, length // 4), slice(length - length // 4, length)):
        place = (border, slice(None)) if axis == 0 else (slice(None), border)
        resized[place] = around[place]
    return resized
