"""EXIF orientation: turning a picture the way it was held."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

TAG = 0x0112
"""The tag Orientation of EXIF and TIFF."""


def upright(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """Turn `array` (H×W or H×W×C) upright from its EXIF orientation, 1..8; others leave it.

    Values above 4 exchange height and width. The result may be a view.
    (CIPA DC-008, tag Orientation: which side of the scene row 0 and column 0 are.)
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array
