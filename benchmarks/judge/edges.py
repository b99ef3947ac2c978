"""Edge correlation: whether the picture has its edges where the photo has them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from nst_onnx.support.arrays import Array, Numbers

_BLUR = 1.5  # pixels: standard deviation of the Gaussian
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


def edges(picture: Array) -> Numbers:
    """Return the gradient magnitude H×W of the blurred luminance of a picture H×W×3."""
    magnitude: Numbers = ndimage.gaussian_gradient_magnitude(picture.astype(np.float64) @ _LUMINANCE, _BLUR)
    return magnitude


def correlation(picture: Numbers, photo: Numbers) -> float:
    """Return Pearson's correlation of two pictures' gradient magnitudes; 0 where one has no edges."""
    one, other = picture - picture.mean(), photo - photo.mean()
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.vdot(one, other) / norms) if norms > 0 else 0.0
