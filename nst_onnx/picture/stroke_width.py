"""Dominant stroke width of a painting, from the power spectrum of its lightness."""

from __future__ import annotations

import numpy as np

from nst_onnx.picture.colour import oklab
from nst_onnx.picture.picture import Picture
from nst_onnx.picture.resize import fit, resize

_MEASURED = 512  # longest side of the picture that is measured: its canvas and noise have no effect
_COARSEST = 8  # periods along the longest side: what is larger belongs to the motif
FINEST = 1 / _MEASURED
"""The smallest width there is: one pixel of the reduced picture."""


def stroke_width(picture: Picture) -> float:
    """Return the dominant width of a painting's strokes, relative to its longest side.

    Half the mean wavelength of Oklab lightness: the geometric mean weighted by power, over wavelengths from
    1/8 of the longest side down to 2 pixels of the picture reduced to 512 pixels. A picture of stripes has
    about their width. A spectral centroid always exists, and changes continuously with the picture; a maximum
    over scales does not. A picture without structure has the smallest width; transparent areas do not count.
    """
    rgb, longest = picture.rgb, max(picture.shape)
    alpha = picture.alpha
    if longest > _MEASURED:
        longest, shape = _MEASURED, fit(picture.shape, _MEASURED)
        rgb, alpha = resize(rgb, shape), None if alpha is None else resize(alpha, shape)
    lightness = oklab.from_srgb(rgb)[..., 0].astype(np.float64)
    height, width = lightness.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[1:-1]  # no seams of the borders
    if alpha is not None:
        window = window * alpha
    windowed = (lightness - np.average(lightness, weights=window + 1e-12)) * window
    power = np.abs(np.fft.rfft2(windowed)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))  # periods per pixel
    counted = (frequency >= _COARSEST / longest) & (frequency <= 0.5)
    power, frequency = power[counted], frequency[counted]
    if not power.sum() > 1e-12 * height * width:
        return FINEST
    return float(np.exp(np.average(np.log(0.5 / frequency), weights=power)) / longest)
