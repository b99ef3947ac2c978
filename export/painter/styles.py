"""Paintings to learn from: their statistics at several sizes and with several augmentations, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image

from ..distil.pictures import Pixels
from .loss import LossNetwork, Moments

SIZES = (256, 256, 320, 384, 512)
"""Longest sides to which a painting is scaled: strokes of several widths."""
_BLENDED = 0.3
"""Fraction of the samples that mix two paintings: the mixture's moments are the mean of both."""


@dataclass
class Styles:
    """`count` variants of the paintings; variant and sample are functions of the seed and a number."""

    paintings: Sequence[Pixels]
    networks: Sequence[LossNetwork]
    count: int
    seed: int
    _known: dict[int, list[list[Moments]]] = field(default_factory=dict, repr=False)

    def sample(self, rng: np.random.Generator, count: int) -> list[list[Moments]]:
        """Return `count` styles stacked: for each network, for each style layer."""
        drawn = [self._one(rng) for _ in range(count)]
        return [
            [
                Moments(
                    torch.cat([one[n][layer].second for one in drawn]).float(),
                    torch.cat([one[n][layer].mean for one in drawn]).float(),
                )
                for layer in range(len(network.style))
            ]
            for n, network in enumerate(self.networks)
        ]

    def _one(self, rng: np.random.Generator) -> list[list[Moments]]:
        first = self._variant(int(rng.integers(self.count)))
        if rng.random() >= _BLENDED:
            return first
        second, share = self._variant(int(rng.integers(self.count))), float(rng.uniform(0.2, 0.8))
        return [
            [
                Moments(
                    share * a.second.float() + (1 - share) * b.second.float(),
                    share * a.mean + (1 - share) * b.mean,
                )
                for a, b in zip(one, other, strict=True)
            ]
            for one, other in zip(first, second, strict=True)
        ]

    def _variant(self, number: int) -> list[list[Moments]]:
        if number not in self._known:
            rng = np.random.default_rng([self.seed, 7, number])
            pixels = self.paintings[number % len(self.paintings)]
            picture = torch.from_numpy(augmented(pixels, rng, plain=number < len(self.paintings)))
            picture = picture.to(self.networks[0].matrix.device)
            with torch.no_grad():
                self._known[number] = [
                    [
                        Moments(one.second, one.mean)
                        for one in network.moments(network.features(picture[None], set(network.style)))
                    ]
                    for network in self.networks
                ]
        return self._known[number]


def augmented(pixels: Pixels, rng: np.random.Generator, *, plain: bool) -> np.ndarray:
    """Return a painting 3×H×W in 0..1 at one of SIZES, most often cropped or with other colours."""
    size = int(rng.choice(SIZES))
    height, width = pixels.shape[:2]
    if not plain and rng.random() < 0.5:
        share = rng.uniform(0.4, 1)
        rows, columns = max(64, round(height * share)), max(64, round(width * share))
        top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        pixels = pixels[top : top + rows, left : left + columns]
        height, width = rows, columns
    scale = size / max(height, width)
    shape = max(64, round(width * scale)), max(64, round(height * scale))
    found = np.asarray(Image.fromarray(pixels).resize(shape, Image.Resampling.BICUBIC)) / np.float32(255)
    if not plain:
        found = _recoloured(found, rng)
    return np.ascontiguousarray(found.transpose(2, 0, 1), np.float32)


def _recoloured(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.25:
        picture = picture[..., rng.permutation(3)]
    if rng.random() < 0.3:
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * np.float32(rng.uniform(0, 2))
    if rng.random() < 0.3:
        picture = (
            (picture - 0.5) * np.float32(rng.uniform(0.6, 1.4)) + 0.5 + np.float32(rng.uniform(-0.1, 0.1))
        )
    if rng.random() < 0.1:
        picture = 1 - picture
    clipped: np.ndarray = np.clip(picture, 0, 1)
    return clipped
