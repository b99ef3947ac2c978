"""What the optimisation starts from. Pictures are float32 H×W×3, RGB, 0..1 (noise may lie outside).

They may be on disk, and are looked at strip by strip. Noise goes into `out` or, without it, a new array.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nst_onnx.models.metadata import Preprocessing
from nst_onnx.painting.presets.preset import Noise
from nst_onnx.picture.colour.statistics import moments
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


def mean_colour(preprocessing: Preprocessing) -> npt.NDArray[np.float64]:
    """Return the colour (RGB, 0..1) that the network's preprocessing maps to zero."""
    matrix, offset = preprocessing.affine()
    return np.asarray(np.linalg.solve(matrix, -offset), np.float64)


def noise(
    kind: Noise,
    content: Array,
    rng: np.random.Generator,
    preprocessing: Preprocessing,
    out: Array | None = None,
) -> Array:
    """Return the noise a preset starts from, as large as `content`.

    The sources state their noise in grey levels, and all but "white" relative to the network's mean colour:
    "white": independent, uniform over all colours (Gatys et al. 2015).
    "mixed": 0.6 · U(−20, 20) + 0.4 · content (the course, log0).
    "shifted": U(0, 255) − 128 (Narayanan). "faint": 0.001 · N(0, 1) (neural-style).
    """
    mean, started = mean_colour(preprocessing), np.empty(content.shape, np.float32) if out is None else out
    for rows in disk_arrays.strips(content.shape[0], content[0].nbytes):
        shape = started[rows].shape
        if kind == "white":
            started[rows] = rng.random(shape)
        elif kind == "mixed":
            started[rows] = mean + 0.6 * rng.uniform(-20, 20, shape) / 255 + 0.4 * (content[rows] - mean)
        elif kind == "shifted":
            started[rows] = mean + (rng.uniform(0, 255, shape) - 128) / 255
        else:
            started[rows] = mean + 0.001 * rng.standard_normal(shape) / 255
        disk_arrays.release(started, content)
    return started


def style_noise(
    styles: Sequence[Array],
    weights: Sequence[float] | None,
    shape: tuple[int, int],
    rng: np.random.Generator,
    out: Array | None = None,
) -> Array:
    """Return noise whose colours have the mean and covariance of the style pictures, blended by `weights`."""
    shares = np.ones(len(styles)) if weights is None else np.asarray(weights, np.float64)
    shares = shares / shares.sum()
    found = [moments(style) for style in styles]
    mean = sum(share * mean for share, (mean, _) in zip(shares, found, strict=True))
    covariance = sum(share * covariance for share, (_, covariance) in zip(shares, found, strict=True))
    values, vectors = np.linalg.eigh(covariance)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    started = np.empty((*shape, 3), np.float32) if out is None else out
    for rows in disk_arrays.strips(shape[0], started[0].nbytes):
        some = rng.standard_normal(started[rows].shape)
        started[rows] = (mean + some @ spread.T).clip(0, 1)
        disk_arrays.release(started)
    return started
