"""Draw "whirl": thick strokes of blue and yellow that turn with the eddies of a stream."""

from __future__ import annotations

import numpy as np
from brush import Painting
from canvas import LONGEST, Array, grid, main, mix, palette, ramp, shape, smoothstep
from noise import fbm, perlin

BLUES = palette("0b1230", "13245c", "1d3f8f", "2f6cb8", "5fa0cf", "a9cfd8", "e3e6cf")
GOLDS = palette("7a4a12", "c98a1b", "efbf2e", "f8df72", "fbf3c4")


def stream(x: Array, y: Array, seed: int, eddies: Array) -> Array:
    """Stream function of the current; its level lines are the paths of the paint."""
    flow = 0.16 * fbm(x * 1.3, y * 1.7, 3, seed) + 0.30 * (y - 0.12 * x)
    for cx, cy, reach, turn in eddies:
        r2 = (x - cx) ** 2 + (y - cy) ** 2
        flow = flow + turn * reach * np.exp(-r2 / (2 * reach**2))
    return np.asarray(flow, np.float32)


def draw(longest: int = LONGEST, seed: int = 7) -> Array:
    """Swirling impasto in blues and yellows along a curl-noise current."""
    size = shape(longest, 1.28)
    x, y = grid(size)
    # Centre, reach and turning of each eddy.
    eddies = np.array(
        [
            (0.42, 0.36, 0.17, 0.95),
            (0.95, 0.58, 0.15, -1.0),
            (1.12, 0.17, 0.075, 0.9),
            (0.14, 0.74, 0.10, -0.9),
            (0.62, 0.84, 0.08, 0.8),
            (0.10, 0.14, 0.06, 0.8),
            (0.72, 0.12, 0.05, -0.7),
        ],
        np.float32,
    )
    flow = stream(x, y, seed, eddies)
    dy, dx = np.gradient(flow)
    angle = np.arctan2(-dx, dy).astype(np.float32)

    # Bands follow the current, so that light and dark wind up in the eddies.
    bands = 0.5 + 0.5 * np.sin(flow * 34 + 2.2 * perlin(x * 2.1, y * 2.1, seed + 9))
    tone = 0.62 * bands + 0.38 * (0.5 + 0.6 * fbm(x * 1.1, y * 1.4, 4, seed + 20))
    picture = ramp(np.clip(tone * 1.05 - 0.06, 0, 1), BLUES)
    glow = np.zeros(size, np.float32)
    for cx, cy, reach, _ in eddies:
        r = np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / reach
        glow = np.maximum(glow, smoothstep(1.15, 0.1, r) * (0.55 + 0.45 * np.cos(r * 9)))
    golden = ramp(np.clip(0.15 + 0.85 * glow + 0.12 * fbm(x * 6, y * 6, 2, seed + 3), 0, 1), GOLDS)
    picture = mix(picture, golden, smoothstep(0.22, 0.55, glow))
    veins = smoothstep(0.80, 0.97, bands) * smoothstep(-0.05, 0.35, perlin(x * 1.7, y * 1.7, seed + 31))
    picture = mix(picture, ramp(bands, GOLDS), 0.85 * veins)

    painting = Painting(size, palette("20305f")[0], seed)
    for spacing, length, width, wander in (
        (0.030, 0.16, 0.040, 0.05),
        (0.022, 0.12, 0.027, 0.07),
        (0.0175, 0.080, 0.0185, 0.09),
    ):
        starts = painting.scatter(spacing)
        shades = painting.look_up(picture, starts)
        shades = shades + painting.rng.normal(0, wander, (len(starts), 1)).astype(np.float32)
        # Now and then a stroke of pure warm or pale colour, as a painter sets accents.
        accent = painting.rng.random(len(starts)) < 0.05
        shades[accent] = GOLDS[painting.rng.integers(1, 5, accent.sum())]
        painting.strokes(starts, angle, shades, length=length, width=width, variety=0.06)
    return painting.light(strength=1.1, gloss=0.3)


if __name__ == "__main__":
    main(draw, "styles/whirl.jpg")
