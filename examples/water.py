"""Still water at height 0: ripples, reflections that fade with Fresnel's law, and the sun's glitter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from canvas import Array, linear, palette, smoothstep
from daylight import Sky
from noise import fbm, perlin
from solids import FAR, unit

Look = Callable[[Array, Array], tuple[Array, Array]]  # light along rays, and how far away it comes from


def ripples(x: Array, z: Array, distance: Array, seed: int) -> Array:
    """Normals of the water; ripples finer than a pixel are left out by distance."""
    calm = 1 / (1 + distance / 90)

    def height(x: Array, z: Array) -> Array:
        wide = 0.07 * fbm(x * 0.16, z * 0.42, 3, seed)
        gusts = 0.4 + 0.6 * smoothstep(-0.3, 0.5, perlin(x * 0.025, z * 0.05, seed + 4))
        return np.asarray(wide + 0.022 * gusts * calm * fbm(x * 0.9, z * 2.4, 3, seed + 7), np.float32)

    e = np.float32(0.05)
    h = height(x, z)
    dx, dz = (height(x + e, z) - h) / e, (height(x, z + e) - h) / e
    return unit(np.stack([-dx * 0.6, np.ones_like(dx), -dz * 0.6], axis=-1))


def over_water(
    look: Look, sky: Sky, origin: Array, direction: Array, seed: int, reach: float = 900.0
) -> Array:
    """Light N×3 along rays from the eye, by way of the water where they meet it before anything else."""
    light, distance = look(origin, direction)
    with np.errstate(divide="ignore"):
        level = np.where(direction[:, 1] < 0, -origin[:, 1] / direction[:, 1], FAR)
    wet = np.flatnonzero(level < distance)
    if not len(wet):
        return light
    far = level[wet].astype(np.float32)
    d = direction[wet]
    p = origin[wet] + d * far[:, None]
    n = ripples(p[:, 0], p[:, 2], far, seed)
    cosine = np.clip(-np.einsum("ij,ij->i", d, n), 0.02, 1)
    mirror = d + 2 * cosine[:, None] * n
    mirror[:, 1] = np.abs(mirror[:, 1]) + 0.004
    mirror = unit(mirror)
    p[:, 1] = 0.01
    reflected, _ = look(p, mirror)
    fresnel = (0.03 + 0.97 * (1 - cosine) ** 5)[:, None]
    deep = linear(palette("1d4650")[0]) * 0.9
    glint = np.clip(mirror @ sky.sun, 0, 1) ** 300
    water = reflected * fresnel + deep * (1 - fresnel) + glint[:, None] * sky.sunlight
    light[wet] = sky.through(water.astype(np.float32), far, reach)
    return light
