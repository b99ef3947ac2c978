"""What the optimisation starts from. Pictures are float32 H×W×3, RGB, 0..1 (noise may lie outside)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_onnx.models.metadata import Preprocessing
from nst_onnx.presets.preset import Noise

Array = npt.NDArray[np.float32]


def mean_colour(preprocessing: Preprocessing) -> npt.NDArray[np.float64]:
    """Return the colour (RGB, 0..1) that the network's preprocessing maps to zero."""
    matrix, offset = preprocessing.affine()
    return np.asarray(np.linalg.solve(matrix, -offset), np.float64)


def noise(kind: Noise, content: Array, rng: np.random.Generator, preprocessing: Preprocessing) -> Array:
    """Return the noise a preset starts from, as large as `content`.

    The sources state their noise in grey levels, and all but "white" relative to the network's mean colour:
    "white": independent, uniform over all colours (Gatys et al. 2015).
    "mixed": 0.6 · U(−20, 20) + 0.4 · content (the course, log0).
    "shifted": U(0, 255) − 128 (Narayanan). "faint": 0.001 · N(0, 1) (neural-style).
    """
    shape, mean = content.shape, mean_colour(preprocessing)
    if kind == "white":
        picture: npt.NDArray[np.float64] = rng.random(shape)
    elif kind == "mixed":
        picture = mean + 0.6 * rng.uniform(-20, 20, shape) / 255 + 0.4 * (content - mean)
    elif kind == "shifted":
        picture = mean + (rng.uniform(0, 255, shape) - 128) / 255
    else:
        picture = mean + 0.001 * rng.standard_normal(shape) / 255
    started: Array = picture.astype(np.float32)
    return started


def style_noise(style: Array, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return noise whose colours have the mean and covariance of the style picture's."""
    pixels = style.reshape(-1, 3).astype(np.float64)
    covariance = np.cov(pixels, rowvar=False) if len(pixels) > 1 else np.zeros((3, 3))
    values, vectors = np.linalg.eigh(covariance)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    picture = pixels.mean(axis=0) + rng.standard_normal((*shape, 3)) @ spread.T
    return np.clip(picture, 0, 1).astype(np.float32)
