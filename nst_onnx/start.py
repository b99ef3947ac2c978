"""What the optimisation starts from. Pictures are float32 H×W×3, RGB, 0..1 (noise may lie outside)."""

from __future__ import annotations

from collections.abc import Sequence

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


def style_noise(
    styles: Sequence[Array], weights: Sequence[float] | None, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Return noise whose colours have the mean and covariance of the style pictures, blended by `weights`."""
    shares = np.ones(len(styles)) if weights is None else np.asarray(weights, np.float64)
    shares = shares / shares.sum()
    pixels = [style.reshape(-1, 3).astype(np.float64) for style in styles]
    mean = sum(share * p.mean(axis=0) for share, p in zip(shares, pixels, strict=True))
    covariance = sum(
        share * np.cov(p, rowvar=False, bias=True) for share, p in zip(shares, pixels, strict=True)
    )
    values, vectors = np.linalg.eigh(covariance)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    started: Array = (mean + rng.standard_normal((*shape, 3)) @ spread.T).clip(0, 1).astype(np.float32)
    return started
