"""Sharpness of a picture: the share of its spectrum in fine detail, and its mean gradient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

FINE = 1 / 8
"""Cycles per pixel from which on detail is fine: it is lost where a picture is enlarged fourfold."""


def luminance(image: Image.Image) -> npt.NDArray[np.float32]:
    """Return H×W, BT.709 luminance of the encoded values, 0..255."""
    rgb = np.asarray(image.convert("RGB"), np.float32)
    found: npt.NDArray[np.float32] = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return found


def fine_share(levels: npt.NDArray[np.float32]) -> float:
    """Return the share of the power spectrum of H×W levels, less their mean, above FINE; 0..1.

    A Hann window keeps the jump between opposite borders out of it.
    """
    height, width = levels.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2((levels - levels.mean()) * window)) ** 2
    power[:, 1 : (width + 1) // 2] *= 2  # the half that rfft2 leaves out
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    return float(power[frequency > FINE].sum() / power.sum())


def mean_gradient(levels: npt.NDArray[np.float32]) -> float:
    """Return the mean gradient magnitude of H×W levels, per pixel."""
    down, right = np.gradient(levels)
    return float(np.hypot(down, right).mean())
