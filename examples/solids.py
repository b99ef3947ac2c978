"""Rays against solids: convex bodies bounded by planes, ellipsoids, and heightfields.

Rays are origins and directions N×3; every `hit` gives distances N (infinite where the ray misses).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from canvas import Array
from numpy.typing import NDArray

FAR = np.float32(np.inf)


def unit(vectors: Array) -> Array:
    """Vectors …×3 of length 1."""
    vectors = np.asarray(vectors, np.float32)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def near(origin: Array, direction: Array, centre: Array, radius: float) -> NDArray[np.intp]:
    """Indices of the rays that pass the ball: a quick way to leave most rays out."""
    offset = centre - origin
    ahead = np.einsum("ij,ij->i", offset, direction)
    distance2 = np.einsum("ij,ij->i", offset, offset) - ahead * ahead
    return np.flatnonzero((distance2 < radius * radius) & (ahead > -radius))


@dataclass(frozen=True)
class Convex:
    """The points p with normals·p <= offsets: houses, hulls, sails. ``material`` is one number a face."""

    normals: Array
    offsets: Array
    centre: Array
    radius: float
    material: NDArray[np.int32]
    axes: Array  # rows: along the front, upwards, along the side; to lay windows and tiles on faces
    base: Array  # the point that stands on the ground
    tint: int

    def hit(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.int32]]:
        """Distance and face where each ray enters."""
        count = len(origin)
        enter, leave = np.full(count, 1e-3, np.float32), np.full(count, FAR)
        face = np.full(count, -1, np.int32)
        for i in range(len(self.normals)):
            speed = direction @ self.normals[i]
            gap = self.offsets[i] - origin @ self.normals[i]
            with np.errstate(divide="ignore", invalid="ignore"):
                t = gap / speed
            inwards = speed < 0
            later = inwards & (t > enter)
            enter[later], face[later] = t[later], i
            leave = np.where(~inwards & (t < leave), t, leave)
        miss = (enter >= leave) | (face < 0)
        enter[miss] = FAR
        return enter, face


def turned(angle: float) -> Array:
    """Axes (right, up, forward) turned about the vertical."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def body(
    base: Array,
    angle: float,
    planes: Sequence[tuple[tuple[float, float, float], float, int]],
    radius: float,
    tint: int,
) -> Convex:
    """A convex body from planes (normal, offset, material) in its own axes, standing on ``base``."""
    axes = turned(angle)
    normals = unit(np.array([p[0] for p in planes], np.float32))
    lengths = np.array([np.linalg.norm(p[0]) for p in planes], np.float32)
    world = normals @ axes
    offsets = np.array([p[1] for p in planes], np.float32) / lengths + world @ base
    return Convex(
        world,
        offsets.astype(np.float32),
        base + np.array([0, radius * 0.5, 0], np.float32),
        radius,
        np.array([p[2] for p in planes], np.int32),
        axes,
        base,
        tint,
    )


@dataclass(frozen=True)
class Ellipsoid:
    """A ball stretched along the axes: crowns of trees, fruit."""

    centre: Array
    radii: Array
    tint: int

    def hit(self, origin: Array, direction: Array) -> Array:
        """Distance where each ray enters."""
        o, d = (origin - self.centre) / self.radii, direction / self.radii
        a = np.einsum("ij,ij->i", d, d)
        b = np.einsum("ij,ij->i", o, d)
        c = np.einsum("ij,ij->i", o, o) - 1
        root = b * b - a * c
        t = (-b - np.sqrt(np.maximum(root, 0))) / a
        return np.where((root > 0) & (t > 1e-3), t, FAR).astype(np.float32)


@dataclass(frozen=True)
class Heightfield:
    """Ground: heights over a regular grid that begins at (x0, z0)."""

    heights: Array
    x0: float
    z0: float
    step: float

    def at(self, x: Array, z: Array) -> Array:
        """Height at any place, between the samples linearly; the rim values extend outside."""
        rows, columns = self.heights.shape
        u = np.clip((x - self.x0) / self.step, 0, columns - 1.001)
        v = np.clip((z - self.z0) / self.step, 0, rows - 1.001)
        i, j = v.astype(np.int32), u.astype(np.int32)
        fu, fv = (u - j).astype(np.float32), (v - i).astype(np.float32)
        h, flat = self.heights.ravel(), i * columns + j
        top = h[flat] * (1 - fu) + h[flat + 1] * fu
        bottom = h[flat + columns] * (1 - fu) + h[flat + columns + 1] * fu
        return np.asarray(top * (1 - fv) + bottom * fv, np.float32)

    def normal(self, x: Array, z: Array, reach: float | Array) -> Array:
        """Upward normals, from differences over ``reach``."""
        dx = self.at(x + reach, z) - self.at(x - reach, z)
        dz = self.at(x, z + reach) - self.at(x, z - reach)
        return unit(
            np.stack([-dx, np.broadcast_to(2 * np.asarray(reach, np.float32), dx.shape), -dz], axis=-1)
        )

    def hit(self, origin: Array, direction: Array, *, steps: int = 260, far: float = 2600.0) -> Array:
        """Distance where each ray first dips below the ground: growing steps, then bisection."""
        count = len(origin)
        result = np.full(count, FAR)
        alive = np.arange(count)
        top = float(self.heights.max())
        before, t = np.zeros(count, np.float32), np.full(count, 0.4, np.float32)
        for _ in range(steps):
            p = origin[alive] + direction[alive] * t[alive, None]
            gap = p[:, 1] - self.at(p[:, 0], p[:, 2])
            under = gap < 0
            struck = alive[under]
            result[struck] = t[struck]
            keep = ~under & (t[alive] < far) & ~((p[:, 1] > top) & (direction[alive, 1] > 0))
            alive, gap = alive[keep], gap[keep]
            if not len(alive):
                break
            before[alive] = t[alive]
            t[alive] += np.maximum(0.45 * gap, 0.25 + 0.009 * t[alive])
        struck = np.flatnonzero(np.isfinite(result))
        low, high = before[struck], result[struck]
        for _ in range(7):
            middle = (low + high) / 2
            p = origin[struck] + direction[struck] * middle[:, None]
            under = p[:, 1] < self.at(p[:, 0], p[:, 2])
            low, high = np.where(under, low, middle), np.where(under, middle, high)
        result[struck] = high
        return result
