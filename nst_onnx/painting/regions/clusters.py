"""Clusters of vectors: k-means, its first centres far apart (Arthur & Vassilvitskii 2007, "k-means++")."""

from __future__ import annotations

import numpy as np

from nst_onnx.support.arrays import Array

_ROUNDS = 30


def centres(vectors: Array, count: int, seed: int) -> Array:
    """Return at most `count` centres K×D of vectors N×D; fewer where fewer vectors differ."""
    rng = np.random.default_rng(seed)
    found: Array = vectors[rng.integers(len(vectors))][None]
    while len(found) < count:
        least = squared_distances(vectors, found).min(1).astype(np.float64)
        if least.sum() <= 0:
            break
        found = np.concatenate([found, vectors[rng.choice(len(vectors), p=least / least.sum())][None]])
    for _ in range(_ROUNDS):
        nearest = squared_distances(vectors, found).argmin(1)
        moved = [
            vectors[nearest == k].mean(0) if (nearest == k).any() else found[k] for k in range(len(found))
        ]
        if np.array_equal(moved, found):
            break
        found = np.stack(moved).astype(np.float32)
    return found


def squared_distances(vectors: Array, found: Array) -> Array:
    """Return the squared distances N×K of vectors N×D from centres K×D."""
    distances: Array = np.stack([np.square(vectors - centre).sum(1) for centre in found], 1)
    return distances
