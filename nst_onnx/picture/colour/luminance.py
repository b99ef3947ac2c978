"""Luminance transfer: the lightness of the stylised picture with the content's colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import OptionError
from nst_onnx.picture.colour import oklab


def transfer_luminance(stylised: NDArray[np.float32], content: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the lightness of `stylised` with the colour of `content`.

    Both float32 H×W×3, sRGB-encoded, 0..1, of one shape; so is the result. Lightness is
    Oklab's L, colour its a and b; a pair outside the sRGB gamut loses chroma, not lightness or
    hue. This is "luminance-only transfer" of Gatys, Bethge, Hertzmann & Shechtman 2016
    (arXiv:1606.05897, section 5.2), in a space that preserves hues better than their YIQ.
    Raises OptionError if the shapes differ.
    """
    if stylised.shape != content.shape:
        raise OptionError(f"the stylised picture is {stylised.shape} and the content {content.shape}")
    lightness = oklab.from_srgb(stylised)[..., :1]
    colour = oklab.from_srgb(content)[..., 1:]
    return oklab.to_srgb(np.concatenate([lightness, colour], axis=-1))
