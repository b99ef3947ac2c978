"""Dead-leaves images: occluding shapes with sharp edges and flat colours, as in drawings.

The shapes' sizes follow a power law (Lee, Mumford & Huang 2001, "Occlusion models for natural images").
Networks learn useful features from such images alone (Baradad et al. 2021, "Learning to see by looking at
noise").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from .pictures import Collection

SIDE = 256
COUNT = 96
_LARGEST, _SMALLEST = 0.5, 0.03  # radii, as fractions of the side
_SUPERSAMPLING = 2  # drawn so many times as large, then reduced: antialiased edges


def collection(share: float, seed: int) -> Collection:
    """Return a collection of dead-leaves images that makes up `share` of all crops."""
    return Collection(tuple(draw(SIDE, np.random.default_rng([seed, n])) for n in range(COUNT)), share)


def draw(side: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a picture side×side×3 of discs and polygons in a few strong colours."""
    fine = side * _SUPERSAMPLING
    palette = rng.integers(0, 256, (rng.integers(3, 12), 3))
    image = Image.new("RGB", (fine, fine), _colour(palette, rng))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(100, 700))):
        # Inverse of the cumulative distribution of a density ∝ radius⁻³.
        share = rng.random()
        radius = fine * (_LARGEST**-2 + share * (_SMALLEST**-2 - _LARGEST**-2)) ** -0.5
        centre = rng.uniform(0, fine, 2)
        corners = int(rng.integers(2, 7))
        if corners == 2:
            pen.ellipse([*(centre - radius), *(centre + radius)], _colour(palette, rng))
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
            points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
            pen.polygon([tuple(point) for point in points], _colour(palette, rng))
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def _colour(palette: npt.NDArray[np.int64], rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in palette[rng.integers(len(palette))])
    return red, green, blue
