"""Palette distance: W₁ of the lightness and of each opponent colour, in Oklab."""

from __future__ import annotations

import numpy as np

from benchmarks.judge.quantiles import quantiles
from nst_onnx.picture.colour import oklab
from nst_onnx.support.arrays import Array, Numbers


def palette(picture: Array) -> Numbers:
    """Return the quantiles 3×4096 of L, a and b of a picture H×W×3."""
    return quantiles(oklab.from_srgb(picture).reshape(-1, 3).T)


def distance(picture: Numbers, painting: Numbers) -> float:
    """Return the mean over L, a and b of the Wasserstein-1 distance."""
    return float(np.abs(picture - painting).mean())
