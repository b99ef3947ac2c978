"""A decoded picture as its file stores it, and its development into a `Picture`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.colour_management import Space, to_srgb
from nst_onnx.picture.orientation import upright
from nst_onnx.picture.picture import Picture


@dataclass(frozen=True, eq=False)
class Raster:
    """Samples before orientation and colour management.

    `samples` is H×W (gray), H×W×3 (rgb, lab) or H×W×4 (cmyk, where the largest value is full
    ink); uint8, uint16 or float32 in 0..1 (lab: float32, L* 0..100). `alpha` is H×W, straight,
    uint8, uint16 or float32 in 0..1, or None.
    """

    samples: NDArray[Any]
    space: Space
    alpha: NDArray[Any] | None = None
    icc: bytes | None = None
    orientation: int = 1

    def develop(self, name: str, label: str) -> Picture:
        """Return the upright sRGB picture; `label` names it in warnings."""
        rgb = to_srgb(self.samples, self.space, self.icc, label=label)
        alpha = None if self.alpha is None else unit(self.alpha)
        if alpha is not None and alpha.min() == 1:
            alpha = None
        return Picture(
            rgb=np.ascontiguousarray(upright(rgb, self.orientation)),
            alpha=None if alpha is None else np.ascontiguousarray(upright(alpha, self.orientation)),
            name=name,
            bits=8 if self.samples.dtype == np.uint8 else 16,
        )


def unit(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Scale uint8 or uint16 samples to float32 0..1; clip float ones to it."""
    if samples.dtype.kind == "u":
        scaled: NDArray[np.float32] = samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
        return scaled
    clipped: NDArray[np.float32] = np.clip(samples, 0, 1).astype(np.float32, copy=False)
    return clipped
