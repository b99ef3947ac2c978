"""Random crops of the training pictures, augmented to cover what an optimiser produces."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from nst_onnx.support.arrays import Array

from .pictures import Collection, Pixels

Floats = npt.NDArray[np.floating]

# Downscaling factors, so that textures appear at several scales.
SHRINKING = (1.0, 1.0, 1.5, 2.0, 3.0)
# Values leave 0..1 during an optimisation, so the training data must too.
RANGE = (-0.15, 1.18)


@dataclass(frozen=True)
class Crops:
    """Infinite source of square crops, `side` pixels a side."""

    collections: Sequence[Collection]
    side: int

    def digest(self) -> str:
        """Return a digest of all source pictures; a run resumes only with the same."""
        found = hashlib.sha256(repr(self.side).encode())
        for collection in self.collections:
            found.update(repr(collection.share).encode())
            for picture in collection.pictures:
                found.update(picture.tobytes())
        return found.hexdigest()

    def batch(self, count: int, rng: np.random.Generator) -> Array:
        """Return `count` crops, float32 N×3×side×side, RGB, within RANGE; deterministic in `rng`."""
        return np.stack([self._crop(rng) for _ in range(count)]).transpose(0, 3, 1, 2)

    def _crop(self, rng: np.random.Generator) -> Array:
        shares = [collection.share for collection in self.collections]
        collection = self.collections[rng.choice(len(shares), p=shares)]
        pixels = collection.pictures[rng.integers(len(collection.pictures))]
        crop: Floats = _cut(pixels, self.side, rng) / 255
        for augment in (_mirror, _permute_channels, _saturate, _change_contrast, _compress, _add_noise):
            crop = augment(crop, rng)
        return np.clip(crop, *RANGE).astype(np.float32)


def _cut(pixels: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    size = min(round(side * rng.choice(SHRINKING)), height, width)
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    cut = pixels[top : top + size, left : left + size]
    if size == side:
        return cut
    return np.asarray(Image.fromarray(cut).resize((side, side), Image.Resampling.BICUBIC))


def _mirror(crop: Floats, rng: np.random.Generator) -> Floats:
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    return crop[::-1] if rng.random() < 0.3 else crop


def _permute_channels(crop: Floats, rng: np.random.Generator) -> Floats:
    return crop[..., rng.permutation(3)] if rng.random() < 0.3 else crop


def _saturate(crop: Floats, rng: np.random.Generator) -> Floats:
    """Scale the saturation by 0 to 3: a painting's may exceed any photograph's."""
    if rng.random() >= 0.3:
        return crop
    grey: Floats = crop.mean(2, keepdims=True)
    changed: Floats = np.clip(grey + (crop - grey) * rng.uniform(0, 3), 0, 1)
    return changed


def _change_contrast(crop: Floats, rng: np.random.Generator) -> Floats:
    if rng.random() >= 0.3:
        return crop
    return (crop - 0.5) * rng.uniform(0.5, 1.5) + 0.5 + rng.uniform(-0.16, 0.16, 3)


def _compress(crop: Floats, rng: np.random.Generator) -> Floats:
    """Add JPEG artefacts, which most content pictures have."""
    if rng.random() >= 0.15:
        return crop
    file = io.BytesIO()
    samples = np.rint(np.clip(crop, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(samples).save(file, "JPEG", quality=int(rng.integers(15, 90)))
    with Image.open(file) as image:
        decoded: Floats = np.asarray(image, np.float32) / 255
    return decoded


def _add_noise(crop: Floats, rng: np.random.Generator) -> Floats:
    """Add noise with grains of 1, 2 or 4 pixels, as in an optimiser's initial and intermediate pictures."""
    if rng.random() >= 0.25:
        return crop
    side, grain = crop.shape[0], rng.choice((1, 2, 4))
    grains = -(-side // grain)
    noise = rng.standard_normal((grains, grains, 3)).repeat(grain, 0).repeat(grain, 1)[:side, :side]
    return crop + noise * rng.uniform(0.02, 0.24)
