"""EXIF orientation: mapping between stored and upright pictures."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

TAG = 0x0112
"""Number of the Orientation tag of EXIF and TIFF."""

_TRANSPOSED = (5, 6, 7, 8)  # rows of the file are columns of the picture


def upright_shape(shape: tuple[int, ...], orientation: int) -> tuple[int, int]:
    """Return (height, width) of the upright picture that a file stores with `shape`."""
    height, width = shape[:2]
    return (width, height) if orientation in _TRANSPOSED else (height, width)


def stored_view(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """View an upright picture (H×W or H×W×C) as a file of EXIF orientation 1..8 stores it.

    Writing stored samples into the view makes `array` upright. Other orientations return it unchanged.
    (CIPA DC-008, tag Orientation: which side of the scene row 0 and column 0 are.)
    """
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in _TRANSPOSED:
        array = array.swapaxes(0, 1)
    return array
