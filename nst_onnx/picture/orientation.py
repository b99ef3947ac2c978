"""EXIF orientation: turning a picture the way it was held."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

TAG = 0x0112
"""The tag Orientation of EXIF and TIFF."""

_ACROSS = (5, 6, 7, 8)  # rows of the file are columns of the picture


def upright_shape(shape: tuple[int, ...], orientation: int) -> tuple[int, int]:
    """Return (height, width) of the upright picture that a file stores with `shape`."""
    height, width = shape[:2]
    return (width, height) if orientation in _ACROSS else (height, width)


def as_stored(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """View an upright picture (H×W or H×W×C) as a file of EXIF orientation 1..8 stores it.

    What is written into the view lies upright in `array`. Other orientations leave it as it is.
    (CIPA DC-008, tag Orientation: which side of the scene row 0 and column 0 are.)
    """
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in _ACROSS:
        array = array.swapaxes(0, 1)
    return array
