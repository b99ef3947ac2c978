"""A decoded picture as stored in its file, and its conversion to a `Picture`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.colour_management import PictureWarning, Space, to_srgb
from nst_onnx.picture.orientation import stored_view, upright_shape
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.picture import Picture
from nst_onnx.picture.strips import Rows, by_strips
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Samples
from nst_onnx.support.memory import Memory


@dataclass(frozen=True, eq=False)
class Raster:
    """Samples before orientation and colour management, read strip by strip.

    `samples` is H×W (gray), H×W×3 (rgb, lab) or H×W×4 (cmyk, where the largest value is full
    ink); uint8, uint16 or float32 in 0..1 (lab: float32, L* 0..100). `alpha` is H×W, straight,
    uint8, uint16 or float32 in 0..1, or None. `notes`: what is left out of the file, each a sentence's
    beginning that lacks only the name of the picture.
    """

    samples: Rows
    space: Space
    alpha: Rows | None = None
    icc: bytes | None = None
    orientation: int = 1
    metadata: PhotoMetadata | None = None
    notes: tuple[str, ...] = ()

    def to_picture(self, name: str, label: str, memory: Memory | None = None) -> Picture:
        """Return the upright sRGB picture; `label` names it in warnings.

        Its arrays are memory-mapped where `memory` does not hold them (None: never).
        """
        for note in self.notes:
            warnings.warn(f"{label}: {note}", PictureWarning, stacklevel=2)
        shape = upright_shape(self.samples.shape, self.orientation)
        rgb = _allocated((*shape, 3), memory)
        to_srgb(self.samples, self.space, self.icc, label=label, out=stored_view(rgb, self.orientation))
        alpha = None
        if self.alpha is not None:
            alpha = _allocated(shape, memory)
            if _fill(stored_view(alpha, self.orientation), self.alpha) == 1:
                alpha = None
        bits = 8 if self.samples.dtype == np.uint8 else 16
        return Picture(rgb=rgb, alpha=alpha, name=name, bits=bits, metadata=self.metadata)


def _allocated(shape: tuple[int, ...], memory: Memory | None) -> NDArray[np.float32]:
    return np.empty(shape, np.float32) if memory is None else memory.empty(shape)


def _fill(alpha: NDArray[np.float32], samples: Rows) -> float:
    """Fill `alpha` with `samples` scaled to 0..1, and return their minimum."""
    minimum = 1.0
    for strip, values in by_strips(samples):
        scaled = unit(values)
        alpha[strip] = scaled
        minimum = min(minimum, float(scaled.min()))
        disk_arrays.release(alpha)
    return minimum


def unit(samples: Samples) -> NDArray[np.float32]:
    """Scale uint8 or uint16 samples to float32 0..1; clip float ones to it."""
    if samples.dtype.kind == "u":
        scaled: NDArray[np.float32] = samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
        return scaled
    clipped: NDArray[np.float32] = np.clip(samples, 0, 1).astype(np.float32, copy=False)
    return clipped
