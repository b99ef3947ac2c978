"""Grain: the finest noise of a picture, measured where the photo is flat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nst_onnx.support.arrays import Array

FLAT = 0.25  # the fraction of the content picture that counts as flat
_GRAIN = 1.0  # pixels: standard deviation of the Gaussian whose residual is grain
_NEIGHBOURHOOD = 6.0  # pixels: standard deviation of the window over which gradients are averaged


def grain(picture: Array, flat: npt.NDArray[np.bool_]) -> float:
    """Return the mean square, in grey levels, of the Gaussian filter's residual in the flat regions."""
    values = picture.astype(np.float64) * 255
    smooth = ndimage.gaussian_filter(values, (_GRAIN, _GRAIN, 0))
    return float(np.square(values - smooth)[flat].mean())


def flat(content: Array) -> npt.NDArray[np.bool_]:
    """Return the mask H×W of the quarter of a picture H×W×3 with the smallest gradients."""
    grey = content.astype(np.float64).mean(2)
    steepness = ndimage.gaussian_gradient_magnitude(grey, _GRAIN) ** 2
    around = ndimage.gaussian_filter(steepness, _NEIGHBOURHOOD)
    quiet: npt.NDArray[np.bool_] = around <= np.quantile(around, FLAT)
    return quiet
