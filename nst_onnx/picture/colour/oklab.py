"""Oklab, a perceptual colour space: lightness L and two opponent-colour axes a and b.

Björn Ottosson, "A perceptual color space for image processing", 2020. L is 0 for black and 1
for white; grays have a = b = 0. sRGB is IEC 61966-2-1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CONES = np.array(  # linear sRGB to the responses of the long, medium and short cones
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OPPONENTS = np.array(  # their cube roots to L, a, b
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
FROM_CONES, FROM_OPPONENTS = np.linalg.inv(CONES), np.linalg.inv(OPPONENTS)


def from_srgb(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert sRGB-encoded float32 (…×3, 0..1) to Oklab float32 (…×3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    return _apply(OPPONENTS, np.cbrt(_apply(CONES, linear)))


def to_srgb(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert Oklab float32 (…×3) to sRGB-encoded float32 (…×3), always within 0..1.

    Chroma of a colour outside the sRGB gamut is reduced to the gamut's boundary at constant lightness and
    hue; lightness is clipped to 0..1.
    """
    linear = _to_linear(_into_gamut(lab))
    clipped = np.clip(linear, 0, 1)  # rounding of the search for the gamut's boundary
    encoded = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.clip(encoded, 0, 1).astype(np.float32)


def _into_gamut(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce chroma, at constant lightness and hue, where a colour is outside sRGB.

    Bisection: 16 steps find the boundary to 2⁻¹⁶ of the chroma.
    """
    lab = np.concatenate([np.clip(lab[..., :1], 0, 1), lab[..., 1:]], axis=-1)
    outside = ~_within_gamut(lab)
    lost = lab[outside]  # N×3
    inner: NDArray[np.float32] = np.zeros((len(lost), 1), np.float32)
    outer: NDArray[np.float32] = np.ones((len(lost), 1), np.float32)
    for _ in range(16):
        middle = (inner + outer) * np.float32(0.5)
        within = _within_gamut(_with_chroma(lost, middle))[:, np.newaxis]
        inner, outer = np.where(within, middle, inner), np.where(within, outer, middle)
    lab[outside] = _with_chroma(lost, inner)
    return lab


def _with_chroma(lab: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([lab[:, :1], lab[:, 1:] * share], axis=-1)


def _within_gamut(lab: NDArray[np.float32], tolerance: float = 1e-5) -> NDArray[np.bool_]:
    linear = _to_linear(lab)
    within: NDArray[np.bool_] = np.all(np.abs(linear - 0.5) <= 0.5 + tolerance, axis=-1)
    return within


def _to_linear(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    return _apply(FROM_CONES, _apply(FROM_OPPONENTS, lab) ** 3)


def _apply(matrix: NDArray[np.float64], vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    product: NDArray[np.float32] = vectors.astype(np.float32, copy=False) @ matrix.T.astype(np.float32)
    return product
