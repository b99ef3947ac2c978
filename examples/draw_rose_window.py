"""Draw "rose window": coloured glass in lead, a sun over a garden, with light behind it."""

from __future__ import annotations

import numpy as np
from canvas import LONGEST, Array, blur, grid, main, mix, palette, ramp, shape, smoothstep
from noise import fbm, perlin
from numpy.typing import NDArray

SUNS = palette("f6d24a", "f0a92a", "e8702a", "cf3a2a", "f7e69a")
SKIES = palette("123a8c", "1f62b8", "2f8fd0", "6cc0dc", "3a3f9f", "6a4ab0")
GREENS = palette("0f4a34", "1f7a48", "5fae4a", "a8c84a", "127a7a")
FLOWERS = palette("c81f4a", "e85a8a", "8a2fa0", "f09a3a", "d8322a", "f4ecd8")
LEAD = palette("0d0c10")[0]


def panes(aspect: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Centres N×2 of the pieces of glass, and their colours N×3."""
    centres: list[tuple[float, float]] = []
    tints: list[Array] = []
    sun = (aspect * 0.56, 0.36)

    def add(x: float, y: float, tint: Array) -> None:
        if any((x - a) ** 2 + (y - b) ** 2 < 0.021**2 for a, b in centres):
            return  # too thin a piece to cut
        centres.append((x, y))
        tints.append(tint * rng.uniform(0.72, 1.18) + rng.normal(0, 0.03, 3))

    # A tree in front of the rings.
    at, heading = np.array([aspect * 0.13, 1.02]), -1.45
    for k in range(34):
        heading += 0.085 * np.sin(k * 0.42) + rng.normal(0, 0.03)
        at = at + 0.024 * np.array([np.cos(heading), np.sin(heading)])
        for side in (-0.019, 0.019):
            add(at[0] + side * (1.5 - k / 34), at[1], palette("6a3a1c", "a8642c")[k % 2])
        if k > 16:
            for _ in range(6):
                x, y = at + rng.normal(0, 0.085, 2)
                add(x, y, GREENS[rng.integers(1, 4)] if rng.random() < 0.7 else FLOWERS[3])
    # Rings of glass around the sun, that grow with the distance.
    add(*sun, SUNS[4])
    radius, ring = 0.052, 0
    while radius < 0.98:
        count = int(2 * np.pi * radius / (0.038 + 0.040 * radius))
        petals = 12 if ring < 6 else 8
        for k in range(count):
            turn = 2 * np.pi * (k + 0.5 * (ring % 2)) / count + rng.normal(0, 0.012)
            r = radius * (1 + 0.05 * np.cos(petals * turn)) + rng.normal(0, 0.004)
            x, y = sun[0] + r * np.cos(turn), sun[1] + r * np.sin(turn)
            ground = 0.70 + 0.05 * np.sin(5 * x + 1)
            if y > ground:
                continue
            ray = np.cos(petals * turn) > 0.1
            if radius < 0.27:
                tint = SUNS[(ring + int(ray)) % 5]
            elif radius < 0.36:
                tint = FLOWERS[4] if ray else SKIES[5]
            else:
                tint = SKIES[int(np.clip(5.2 - 6 * radius + 1.5 * ray + rng.normal(0, 0.8), 0, 5))]
            add(x, y, tint)
        ring += 1
        radius += 0.042 + 0.018 * radius
    # The garden: rolling rows of leaves, with flowers among them.
    for row in range(9):
        for x in np.arange(-0.03, aspect + 0.05, 0.036 + 0.003 * row):
            y = (
                0.715
                + 0.05 * np.sin(5 * x + 1)
                + 0.036 * row
                + 0.02 * np.sin(9 * x + row)
                + rng.normal(0, 0.006)
            )
            if perlin(np.float32(x * 5), np.float32(row * 0.9), 4) > 0.22:
                tint = FLOWERS[rng.integers(0, 6)]
            else:
                tint = GREENS[int(np.clip(4 - 0.5 * row + rng.normal(0, 1.1), 0, 4))]
            add(x + rng.normal(0, 0.008), y, tint)
    return np.array(centres, np.float32), np.clip(np.array(tints, np.float32), 0.02, 1)


def nearest(x: Array, y: Array, centres: Array) -> tuple[NDArray[np.int32], Array]:
    """The pane each pixel belongs to, and how far it is from the pane's edge."""
    first, second = np.full(x.shape, 1e9, np.float32), np.full(x.shape, 1e9, np.float32)
    who, rival = np.zeros(x.shape, np.int32), np.zeros(x.shape, np.int32)
    for i, (cx, cy) in enumerate(centres):
        # Only pixels near by can belong to the pane.
        rows = np.s_[max(0, int((cy - 0.17) * x.shape[0])) : max(0, int((cy + 0.17) * x.shape[0]))]
        columns = np.s_[max(0, int((cx - 0.17) * x.shape[0])) : max(0, int((cx + 0.17) * x.shape[0]))]
        window = (rows, columns)
        d = (x[window] - cx) ** 2 + (y[window] - cy) ** 2
        f, s = first[window], second[window]
        best = d < f
        runner = ~best & (d < s)
        rival[window] = np.where(best, who[window], np.where(runner, i, rival[window]))
        second[window] = np.where(best, f, np.where(runner, d, s))
        who[window] = np.where(best, i, who[window])
        first[window] = np.where(best, d, f)
    apart = np.linalg.norm(centres[who] - centres[rival], axis=-1)
    return who, np.asarray((second - first) / (2 * np.maximum(apart, 1e-4)), np.float32)


def draw(longest: int = LONGEST, seed: int = 14) -> Array:
    """Stained glass: dark lead, glowing panes with streaks and bubbles."""
    aspect = 0.86
    size = shape(longest, aspect)
    x, y = grid(size)
    rng = np.random.default_rng(seed)
    centres, tints = panes(aspect, rng)
    # Cut by hand: the seams wander a little.
    wx = x + 0.006 * fbm(x * 9, y * 9, 3, seed)
    wy = y + 0.006 * fbm(x * 9 + 7, y * 9, 3, seed + 1)
    who, edge = nearest(wx, wy, centres)
    glass = tints[who]

    # Every piece has its own streaks, thickness and tilt.
    turn = rng.uniform(0, np.pi, len(centres)).astype(np.float32)[who]
    along = x * np.cos(turn) + y * np.sin(turn)
    across = -x * np.sin(turn) + y * np.cos(turn)
    streak = perlin(along * 9 + who * 3.1, across * 55 + who * 1.7, seed + 2)
    swirl = fbm(x * 12 + 0.5 * streak, y * 12, 4, seed + 3)
    lean = (rng.normal(0, 1, (len(centres), 2)) * 5)[who]
    tilt = lean[..., 0] * (x - centres[who][..., 0]) + lean[..., 1] * (y - centres[who][..., 1])
    light = 1 + 0.20 * streak + 0.34 * swirl + tilt + 0.10 * smoothstep(0.002, 0.016, edge)
    glass = np.clip(glass, 0, 1) ** (1.25 - 0.25 * swirl[..., None]) * light[..., None]
    pale = smoothstep(0.45, 0.8, streak * 0.5 + swirl)
    glass = mix(glass, ramp(glass.mean(axis=2), palette("d8e6f0", "fff6e0")), 0.35 * pale)
    bubbles = smoothstep(0.60, 0.72, perlin(x * 95, y * 95, seed + 5))
    glass = glass * (1 + 0.28 * bubbles)[..., None]
    behind = 1.15 - 0.5 * np.hypot(x - aspect * 0.56, y - 0.36)
    glass = glass * behind[..., None]

    # The lead: uneven, rounded, soldered; thicker along some seams.
    wide = 0.0034 + 0.0016 * perlin(x * 7, y * 7, seed + 6)
    lead = 1 - smoothstep(-0.0012, 0.0016, edge - wide)
    bead = np.clip(edge / wide, 0, 1)
    metal = LEAD + (0.22 * (1 - bead) ** 2 * (0.6 + 0.6 * fbm(x * 40, y * 40, 2, seed + 7)))[..., None]
    picture = mix(np.clip(glass, 0, 1), metal, lead)
    # Light spills over the lead, and grime gathers along it.
    grime = smoothstep(0.012, 0.002, edge) * (0.35 + 0.3 * fbm(x * 25, y * 25, 3, seed + 8))
    picture = picture * (1 - 0.55 * np.clip(grime, 0, 1) * (1 - lead))[..., None]
    halo = blur(np.clip(picture - 0.35, 0, 1), 0.012 * size[0])
    picture = picture + 0.35 * halo + rng.normal(0, 0.018, (*size, 1))
    return np.clip(picture, 0, 1).astype(np.float32)


if __name__ == "__main__":
    main(draw, "styles/rose_window.jpg")
