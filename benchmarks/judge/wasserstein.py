"""Sliced Wasserstein-2 distance of VGG-16's features: 256 fixed directions in each layer.

Unlike a Gram matrix it sees the whole distribution (Heitz et al. 2021, arXiv:2006.07229).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.judge.network import Features
from benchmarks.judge.quantiles import quantiles
from nst_onnx.support.arrays import Array, Numbers

Slices = Mapping[str, Numbers]
"""{layer: quantiles of the projections, directions×levels}."""

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
DIRECTIONS = 256
_SEED = 19
_AT_ONCE = 32  # directions, which bounds the memory


def directions(channels: int) -> Array:
    """Return the 256 unit vectors, 256×C, the same in every run."""
    drawn = np.random.default_rng((_SEED, channels)).standard_normal((DIRECTIONS, channels))
    unit: Array = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def slices(features: Features) -> Slices:
    """Return the quantiles of each layer's projections."""
    found = {}
    for name in LAYERS:
        wide = features[name].reshape(features[name].shape[0], -1)
        along = np.split(directions(len(wide)), DIRECTIONS // _AT_ONCE)
        found[name] = np.concatenate([quantiles(some @ wide) for some in along])
    return found


def distance(picture: Slices, painting: Slices) -> float:
    """Return Σ over layers of the mean squared W₂ over directions, by the painting's mean square."""
    terms = (
        np.square(picture[name] - painting[name]).mean() / np.square(painting[name]).mean() for name in LAYERS
    )
    return float(sum(terms))
