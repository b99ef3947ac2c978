"""A sky: its colour towards a low sun, clouds lit from below, haze over distance, and rays of a camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from canvas import Array, linear, palette, ramp, smoothstep
from noise import fbm
from solids import unit


@dataclass(frozen=True)
class Sky:
    """Colours from the horizon to the zenith (sRGB, N×3), the direction of the sun and its light (linear)."""

    colours: Array
    sun: Array
    sunlight: Array
    haze: Array  # linear colour of the far distance
    cover: float  # -1 clear .. 1 overcast
    seed: int

    def light(self, direction: Array) -> Array:
        """Linear light N×3 from each direction; below the horizon it repeats the horizon's."""
        up = np.clip(direction[:, 1], 0, 1)
        base = linear(ramp(up**0.62, self.colours))
        towards = np.clip(direction @ self.sun, 0, 1)
        glow = 0.55 * towards**6 + 0.9 * towards**60
        base = base + glow[:, None] * self.sunlight * 0.22
        return np.asarray(base + self.clouds(direction, base), np.float32)

    def clouds(self, direction: Array, base: Array) -> Array:
        """What clouds add to the light: a layer of cumulus and one of high streaks."""
        up = np.maximum(direction[:, 1], 0.012)
        x, z = direction[:, 0] / (up + 0.09), direction[:, 2] / (up + 0.09)
        warp = fbm(x * 0.35, z * 0.35, 3, self.seed + 5)
        billow = fbm(x * 0.55 + warp * 0.8, z * 0.8 + warp * 0.6, 6, self.seed, gain=0.54)
        density = smoothstep(0.10 - 0.35 * self.cover, 0.50 - 0.35 * self.cover, billow)
        # The density a step towards the sun determines how much light passes.
        sx, sz = self.sun[0] * 0.35, self.sun[2] * 0.35
        ahead = fbm((x + sx) * 0.55 + warp * 0.8, (z + sz) * 0.8 + warp * 0.6, 4, self.seed, gain=0.54)
        lit = np.clip(0.62 + 1.25 * (billow - ahead), 0.12, 1.35)
        rim = 1 + 1.2 * np.clip(direction @ self.sun, 0, 1) ** 8
        bright = self.sunlight * (0.36 * lit * rim)[:, None] + 0.42 * base * (1.2 - 0.5 * density)[:, None]
        streaks = fbm(x * 0.22 + 9, z * 1.7 + warp, 5, self.seed + 11)
        wisps = smoothstep(0.08, 0.62, streaks) * 0.5
        fade = smoothstep(0.0, 0.16, direction[:, 1])
        cover = (density * 0.92 * fade)[:, None]
        veil = (wisps * fade)[:, None] * (1 - cover)
        return np.asarray(cover * (bright - base) + veil * (self.sunlight * 0.30), np.float32)

    def through(self, light: Array, distance: Array, reach: float) -> Array:
        """Light N×3 seen through ``distance`` of haze that hides most beyond ``reach``."""
        amount = (1 - np.exp(-np.minimum(distance, 1e5) / reach))[:, None]
        return np.asarray(light * (1 - amount) + self.haze * amount, np.float32)


def golden_hour(azimuth: float, height: float, seed: int, cover: float = 0.0) -> Sky:
    """A warm, low sun; azimuth in degrees from straight ahead, to the right."""
    a, h = np.radians(azimuth), np.radians(height)
    sun = np.array([np.sin(a) * np.cos(h), np.sin(h), np.cos(a) * np.cos(h)], np.float32)
    return Sky(
        colours=palette("f3c48f", "e9c4a0", "b9c0c4", "86a5c4", "5b86b8", "3c659f"),
        sun=sun,
        sunlight=np.array([3.4, 2.05, 1.05], np.float32),
        haze=linear(palette("dcb79c")[0]),
        cover=cover,
        seed=seed,
    )


def rays(size: tuple[int, int], eye: Array, target: Array, field_of_view: float) -> Array:
    """Directions (H·W)×3 through the pixels; the field of view is the vertical one, in degrees."""
    height, width = size
    forward = unit(target - eye)
    right = unit(np.cross(np.array([0, 1, 0], np.float32), forward))
    above = np.cross(forward, right)
    reach = np.tan(np.radians(field_of_view) / 2)
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    u = (2 * u + 1 - width) / height * reach
    v = -(2 * v + 1 - height) / height * reach
    directions = forward + u[..., None] * right + v[..., None] * above
    return unit(directions.reshape(-1, 3))
