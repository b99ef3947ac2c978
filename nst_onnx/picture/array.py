"""Decoding and validation of pictures given as numpy arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import PictureError
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.strips import Rows, by_strips, converted
from nst_onnx.support.arrays import Samples

ROUNDING = 1e-5
"""Tolerance of float arrays outside 0..1: rounding errors."""


def from_array(array: Samples) -> Raster:
    """Return H×W (gray), H×W×1, H×W×3 or H×W×4 (straight alpha) as an sRGB picture.

    uint8, uint16, or any float in 0..1. Raises PictureError for any other shape or type, and
    for floats outside 0..1 or not finite.
    """
    array = np.asarray(array)  # a matrix would stay of two axes whatever is taken from it
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(f"its shape is {_shape(array)}", _shape_hint(array))
    if array.dtype.kind == "f":
        samples = converted(array, _as_float32)
        check_range(samples)
        samples = converted(samples, lambda strip: np.clip(strip, 0, 1))
    elif array.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        samples = converted(array, lambda strip: strip.astype(array.dtype.newbyteorder("=")))
    else:
        raise PictureError(f"its type is {array.dtype}", "give uint8, uint16, or float in 0..1")
    if array.ndim == 2:
        return Raster(samples, "gray")
    if array.shape[2] == 1:
        return Raster(converted(samples, lambda strip: strip[..., 0]), "gray")
    alpha = converted(samples, lambda strip: strip[..., 3]) if array.shape[2] == 4 else None
    return Raster(converted(samples, lambda strip: strip[..., :3]), "rgb", alpha)


def _as_float32(samples: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # values beyond float32 become infinite, and are refused as such
        return samples.astype(np.float32)


def check_range(samples: Rows) -> None:
    """Raise PictureError unless every value is finite and in 0..1, up to `ROUNDING`."""
    check_finite(samples)
    if 0 in samples.shape:
        return
    low, high = extremes(samples)
    if low < -ROUNDING or high > 1 + ROUNDING:
        hint = "divide it by 255" if 2 < high <= 255 and low >= 0 else "scale it to 0..1"
        raise PictureError(f"its values go from {low:g} to {high:g}, not from 0 to 1", hint)


def check_finite(samples: Rows) -> None:
    """Raise PictureError if any value is NaN or infinite."""
    size = math.prod(samples.shape)
    bad = size - sum(int(np.count_nonzero(np.isfinite(values))) for _, values in by_strips(samples))
    if bad:
        raise PictureError(f"{bad} of its {size} values are NaN or infinite")


def extremes(samples: Rows) -> tuple[float, float]:
    """Return the minimum and maximum of a picture with pixels."""
    ends = [(values.min(), values.max()) for _, values in by_strips(samples)]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))


def _shape(array: Samples) -> str:
    return "×".join(str(side) for side in array.shape) or "a single number"


def _shape_hint(array: Samples) -> str:
    wanted = "give height×width, or height×width×1, 3 or 4 channels"
    if array.ndim == 4:
        return f"{wanted}: one picture, not a batch"
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return f"{wanted}: channels come last (array.transpose(1, 2, 0))"
    return wanted
