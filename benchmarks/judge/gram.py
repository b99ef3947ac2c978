"""Gram distance of VGG-16's layers, over which the style residual is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.judge.network import STYLE_LAYERS, Features
from nst_onnx.support.arrays import Numbers

Grams = Mapping[str, Numbers]


def grams(features: Features) -> Grams:
    """Return each style layer's Gram matrix C×C, divided by the number of positions."""
    found = {}
    for name in STYLE_LAYERS:
        wide = features[name].reshape(features[name].shape[0], -1).astype(np.float64)
        found[name] = wide @ wide.T / wide.shape[1]
    return found


def distance(picture: Grams, painting: Grams, layers: Sequence[str] = STYLE_LAYERS) -> float:
    """Return Σ ‖G − A‖² / ‖A‖² over the layers."""
    terms = (
        np.square(picture[name] - painting[name]).sum() / np.square(painting[name]).sum() for name in layers
    )
    return float(sum(terms))
