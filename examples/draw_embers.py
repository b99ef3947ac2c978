"""Draw "embers": a burning sky in waves over a blue-black inlet, in coarse, long strokes."""

from __future__ import annotations

import numpy as np
from brush import Painting
from canvas import LONGEST, Array, grid, main, mix, palette, ramp, shape, smoothstep
from noise import fbm, perlin

FIRE = palette("5a1512", "a3231a", "d94a1e", "f08a24", "f7c04a", "f4dc95", "d96a2c", "8f1f1f")
DEEP = palette("07090f", "10182c", "1b2f4e", "2d4f6b", "5c7f86", "b9a56e")
EARTH = palette("120c0c", "2e1a16", "5a3320", "8a5a2c", "3c4a34")


def draw(longest: int = LONGEST, seed: int = 21) -> Array:
    """Expressionist bands of orange, red and blue-black that roll across the picture."""
    size = shape(longest, 0.82)
    x, y = grid(size)
    rng = np.random.default_rng(seed)

    # The sky's waves: level lines of a height that swells more towards the horizon.
    swell = 0.050 * np.sin(5.2 * x + 0.7 + 2.2 * y) + 0.024 * np.sin(10.5 * x - 5 * y)
    sky = y + swell + 0.07 * fbm(x * 1.6, y * 1.9, 3, seed)
    # The water turns around a still place; the shore falls across the picture.
    turn = np.hypot((x - 0.56) * 0.8, (y - 0.66) * 1.25)
    water = turn + 0.035 * fbm(x * 3, y * 3, 3, seed + 4)
    shore = (
        y
        - 0.78
        + 0.36 * (x - 0.1)
        - 0.42 * np.clip(x - 0.42, 0, 1) ** 1.4
        + 0.04 * perlin(x * 4, y * 4, seed + 8)
    )
    shore = shore * 0.9
    horizon = 0.435 + 0.022 * np.sin(7 * x + 1) + 0.02 * perlin(x * 6, x * 0 + 3, seed + 2)
    hills = horizon - 0.055 * smoothstep(0.15, 0.65, 0.5 + 0.8 * perlin(x * 3.1, x * 0 + 1, seed + 3)) - 0.01

    bands = sky * 15 + 0.7 * perlin(x * 2.4, y * 5, seed + 6)
    wave = 0.5 + 0.5 * np.sin(bands * 2.3)
    fire = ramp(
        np.clip(0.10 + 0.55 * wave + 0.36 * y / 0.42 * wave + 0.08 * fbm(x * 8, y * 8, 3, 1), 0, 1), FIRE
    )
    cold = ramp(
        np.clip(
            0.14
            + 0.52 * (0.5 + 0.5 * np.sin(water * 52)) * smoothstep(0.55, 0.08, turn)
            + 0.14 * fbm(x * 5, y * 9, 3, 2),
            0,
            1,
        ),
        DEEP,
    )
    reflected = smoothstep(0.72, 0.98, np.sin(water * 52 + 0.6)) * smoothstep(0.34, 0.10, np.abs(y - 0.53))
    cold = mix(cold, ramp(0.45 + 0.3 * wave, FIRE), 0.8 * reflected)
    slope = shore * 22 + 1.2 * perlin(x * 3, y * 3, seed + 12)
    earth = ramp(np.clip(0.5 + 0.5 * np.sin(slope * 1.6), 0, 1), EARTH)
    earth = mix(earth, FIRE[3], 0.55 * smoothstep(0.82, 1.0, np.sin(slope * 1.6 + 1)))

    picture = fire
    field = sky
    for border, inside, lines in (
        (y - hills, ramp(np.clip(0.3 + 0.4 * np.sin((y - hills) * 130), 0, 1), DEEP), sky * 0.4 + hills),
        (y - horizon, cold, water),
        (shore, earth, shore),
    ):
        picture = mix(picture, inside, smoothstep(-0.004, 0.004, border))
        field = np.where(border > 0, lines, field)
    dy, dx = (np.gradient(np.asarray(field, np.float32), axis=a) for a in (0, 1))
    angle = np.arctan2(-dx, dy).astype(np.float32)
    edge = np.hypot(dx, dy) > 0.02
    angle[edge] = 0.0

    painting = Painting(
        size, mix(palette("b98a55")[0], palette("8a5f38")[0], 0.5 + fbm(x * 90, y * 90, 2, 3)), seed
    )
    for spacing, length, width, wander in (
        (0.034, 0.26, 0.034, 0.05),
        (0.024, 0.20, 0.020, 0.06),
        (0.020, 0.13, 0.011, 0.08),
    ):
        starts = painting.scatter(spacing)
        shades = painting.look_up(picture, starts)
        shades = shades + painting.rng.normal(0, wander, (len(starts), 1)).astype(np.float32)
        painting.strokes(
            starts, angle, shades, length=length, width=width, variety=0.05, dryness=0.42, load=0.7, steps=14
        )
    trees(painting, rng)
    return painting.light(strength=0.7, gloss=0.05, grain=0.03)


def trees(painting: Painting, rng: np.random.Generator) -> None:
    """Bare, bent trees on the near shore, in dark strokes that branch."""
    starts: list[Array] = []
    turns: list[float] = []
    widths: list[float] = []

    def grow(at: Array, heading: float, length: float, wide: float) -> None:
        steps = max(3, int(length / 0.02))
        for _ in range(steps):
            heading += rng.normal(0, 0.16)
            starts.append(at)
            turns.append(heading)
            widths.append(wide)
            at = at + 0.02 * np.array([np.cos(heading), np.sin(heading)])
            wide *= 0.965
        if wide > 0.0035:
            for side in (-1, 1):
                grow(
                    at, heading + side * rng.uniform(0.25, 0.75), length * rng.uniform(0.55, 0.8), wide * 0.66
                )

    for x, y, tall, wide in ((0.085, 0.93, 0.34, 0.034), (0.19, 0.99, 0.20, 0.022)):
        grow(np.array([x, y]), -1.45 + rng.normal(0, 0.06), tall, wide)
    for at, turn, wide in zip(starts, turns, widths, strict=True):
        flat = np.full(painting.size, turn, np.float32)[:1, :1]
        shade = palette("140d12")[0] + rng.choice([0.0, 0.0, 0.06, 0.16]) * np.array([1.0, 0.45, 0.25])
        painting.strokes(
            at[None].astype(np.float32), flat, shade[None].astype(np.float32),
            length=0.055, width=1.15 * wide + 0.003, variety=0.03, dryness=0.0, steps=5,
        )  # fmt: skip


if __name__ == "__main__":
    main(draw, "styles/embers.jpg")
