"""Fractal noise: the texture of clouds, hills, paper and paint.

Gradient noise after Perlin, "Improving Noise" (2002), on a seeded permutation; sums of octaves after
Musgrave, "Texturing and Modeling: A Procedural Approach".
"""

from __future__ import annotations

import numpy as np
from canvas import Array
from numpy.typing import NDArray


def _table(seed: int) -> NDArray[np.int32]:
    order = np.random.default_rng(seed).permutation(256).astype(np.int32)
    return np.concatenate([order, order])


def _fade(t: Array) -> Array:
    return t * t * t * (t * (t * 6 - 15) + 10)


def perlin(x: Array | np.float32, y: Array | np.float32, seed: int = 0) -> Array:
    """Gradient noise of the plane, about -1..1, one bump a unit; any shape in, the same shape out."""
    table = _table(seed)
    angles = np.arange(256, dtype=np.float32) * np.float32(2 * np.pi / 256)
    cosine, sine = np.cos(angles), np.sin(angles)
    floor_x, floor_y = np.floor(x), np.floor(y)
    fx, fy = (x - floor_x).astype(np.float32), (y - floor_y).astype(np.float32)
    ix, iy = floor_x.astype(np.int32) & 255, floor_y.astype(np.int32) & 255

    def corner(dx: int, dy: int) -> Array:
        turn = table[table[(ix + dx) & 255] + ((iy + dy) & 255)]
        return np.asarray(cosine[turn] * (fx - dx) + sine[turn] * (fy - dy))

    u, v = _fade(fx), _fade(fy)
    top = corner(0, 0) * (1 - u) + corner(1, 0) * u
    bottom = corner(0, 1) * (1 - u) + corner(1, 1) * u
    return np.asarray((top * (1 - v) + bottom * v) * np.float32(1.5), np.float32)


def fbm(x: Array, y: Array, octaves: int = 5, seed: int = 0, gain: float = 0.5) -> Array:
    """Fractal sum of ``octaves`` of gradient noise, about -1..1."""
    total = np.zeros(np.broadcast(x, y).shape, np.float32)
    weight, whole = 1.0, 0.0
    for octave in range(octaves):
        # Each octave is turned, so that the lattices do not line up.
        c, s = np.cos(0.6 * octave), np.sin(0.6 * octave)
        scale = 2.0**octave
        total += np.float32(weight) * perlin(
            (c * x - s * y) * scale + 17.3 * octave, (s * x + c * y) * scale + 5.1, seed + octave
        )
        whole += weight
        weight *= gain
    return total / np.float32(whole)


def ridged(x: Array, y: Array, octaves: int = 5, seed: int = 0) -> Array:
    """Fractal noise with sharp crests, 0..1: mountains."""
    total = np.zeros(np.broadcast(x, y).shape, np.float32)
    weight, whole = 1.0, 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        crest = 1 - np.abs(perlin(x * scale + 3.7 * octave, y * scale - 9.1 * octave, seed + octave))
        total += np.float32(weight) * crest * crest
        whole += weight
        weight *= 0.5
    return total / np.float32(whole)


def solid(p: Array, octaves: int = 3, seed: int = 0) -> Array:
    """Cheap noise in space at points N×3, about -1..1: three planes of noise, averaged."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    a = fbm(x + 0.31 * z, y - 0.47 * z, octaves, seed)
    b = fbm(y + 0.29 * x, z + 0.43 * x, octaves, seed + 50)
    return (a + b) * np.float32(0.75)
