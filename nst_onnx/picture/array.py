"""Pictures that come as numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import PictureError
from nst_onnx.picture.raster import Raster

ROUNDING = 1e-5
"""How far outside 0..1 a float array may be before it is refused: what arithmetic leaves behind."""


def from_array(array: NDArray[Any]) -> Raster:
    """Take H×W (gray), H×W×1, H×W×3 or H×W×4 (straight alpha) as an sRGB picture.

    uint8, uint16, or any float in 0..1. Raises PictureError for any other shape or type, and
    for floats outside 0..1 or not finite.
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(f"its shape is {_shape(array)}", _shape_hint(array))
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and said so below
            array = array.astype(np.float32)
        check_range(array)
        array = np.clip(array, 0, 1)
    elif array.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        array = array.astype(array.dtype.newbyteorder("="))  # a copy: the caller's may change
    else:
        raise PictureError(f"its type is {array.dtype}", "give uint8, uint16, or float in 0..1")
    if array.ndim == 2:
        return Raster(array, "gray")
    if array.shape[2] == 1:
        return Raster(array[..., 0], "gray")
    return Raster(array[..., :3], "rgb", array[..., 3] if array.shape[2] == 4 else None)


def check_range(array: NDArray[np.floating[Any]]) -> None:
    """Raise PictureError unless every value is finite and in 0..1, but for rounding."""
    check_finite(array)
    if array.size == 0:
        return
    low, high = float(array.min()), float(array.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        hint = "divide it by 255" if 2 < high <= 255 and low >= 0 else "scale it to 0..1"
        raise PictureError(f"its values go from {low:g} to {high:g}, not from 0 to 1", hint)


def check_finite(array: NDArray[np.floating[Any]]) -> None:
    """Raise PictureError if any value is NaN or infinite."""
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise PictureError(f"{bad} of its {array.size} values are NaN or infinite")


def _shape(array: NDArray[Any]) -> str:
    return "×".join(str(side) for side in array.shape) or "a single number"


def _shape_hint(array: NDArray[Any]) -> str:
    wanted = "give height×width, or height×width×1, 3 or 4 channels"
    if array.ndim == 4:
        return f"{wanted}: one picture, not a batch"
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return f"{wanted}: channels come last (array.transpose(1, 2, 0))"
    return wanted
