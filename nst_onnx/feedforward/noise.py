"""The noise that a painter takes beside the photo: a function of a pixel's position, so that tiles agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_onnx.support.arrays import Array

# An integer hash of 32 bits: multiplications by odd numbers, and shifts that carry high bits to low ones.
ROW, COLUMN = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
ROUNDS = ((np.uint32(15), np.uint32(0x2C1B3C6D)), (np.uint32(12), np.uint32(0x297A2D39)))
LAST = np.uint32(15)


def noise(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Array:
    """Return white noise 1×1×H×W, uniform in -0.5..0.5, at the given positions of a picture."""
    down, across = rows.astype(np.uint32) * ROW, columns.astype(np.uint32) * COLUMN
    bits = down[:, None] + across
    for shift, factor in ROUNDS:
        bits ^= bits >> shift
        bits *= factor
    bits ^= bits >> LAST
    uniform = bits.astype(np.float32) * np.float32(2**-32) - np.float32(0.5)
    return uniform[None, None]
