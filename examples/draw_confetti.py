"""Draw "confetti": a river bank on a bright morning in dots of unmixed, complementary colours."""

from __future__ import annotations

import numpy as np
from brush import Painting
from canvas import LONGEST, Array, grid, main, mix, palette, ramp, shape, smoothstep
from noise import fbm, perlin

SKY = palette("f6e3b0", "f3d9c0", "c5d6de", "8fb9dc", "6c9fd0")
LEAVES = palette("16355a", "1f5a4a", "2f8a46", "84b83c", "e3d84a")
GRASS = palette("274a7a", "2d7a52", "6fae3c", "c8cf45", "f4e47a")
RIVER = palette("25498f", "3f7fb8", "6fb0c8", "bcd6c8", "f5e6b4")
# What a painter of dots sets beside a colour to make it ring.
SPARKS = palette("f06a2c", "f4b52c", "e23f5a", "7a4aa8", "2f4fb0", "f7ef9a", "e88ab0", "2a9a8a")


def draw(longest: int = LONGEST, seed: int = 9) -> Array:
    """Pointillist dots: each colour is broken into its neighbours and its complement."""
    aspect = 1.42
    size = shape(longest, aspect)
    x, y = grid(size)

    bank = 0.375 + 0.012 * perlin(x * 5, x * 0, seed)
    near = (
        0.74
        - 0.16 * (x / aspect - 0.45)
        + 0.03 * np.sin(3 * x + 0.6)
        + 0.015 * perlin(x * 6, x * 0 + 2, seed)
    )
    clouds = smoothstep(0.0, 0.45, fbm(x * 2.0, y * 5, 4, seed + 1))
    sky = mix(ramp(np.clip(1 - y / 0.40, 0, 1), SKY), palette("fbf3dc")[0], 0.8 * clouds)
    hills = bank - 0.10 * (0.5 + 0.7 * perlin(x * 2.2, x * 0 + 5, seed + 2)) - 0.02
    far = ramp(np.clip(0.42 + 0.5 * fbm(x * 9, y * 14, 3, seed + 3) + 1.2 * (bank - y), 0, 1), LEAVES)
    far = mix(far, palette("8a86c0")[0], 0.38)
    streaks = 0.5 + 0.9 * perlin(x * 2.5, y * 34, seed + 4)
    river = ramp(np.clip(0.75 - 1.1 * (y - bank) + 0.30 * (streaks - 0.5), 0, 1), RIVER)
    mirrored = smoothstep(bank + 0.13, bank + 0.02, y + 0.02 * streaks)
    river = mix(river, ramp(0.35 + 0.3 * streaks, LEAVES), 0.75 * mirrored)
    light = fbm(x * 4 + 0.8 * y, y * 8, 4, seed + 6)
    shade = smoothstep(-0.08, 0.14, fbm(x * 1.4 - y, y * 4 + 4, 3, seed + 7) + 0.55 * (0.5 - x / aspect))
    grass = ramp(np.clip(0.78 + 0.4 * light - 0.62 * shade, 0, 1), GRASS)

    picture = mix(sky, far, smoothstep(-0.006, 0.006, y - hills))
    picture = mix(picture, river, smoothstep(-0.003, 0.003, y - bank))
    picture = sails(picture, x, y, bank)
    picture = mix(picture, grass, smoothstep(-0.006, 0.006, y - near))
    picture = trees(picture, x, y, seed)

    painting = Painting(size, palette("efe2c2")[0], seed)
    rng = painting.rng
    for spacing, radius, broken in ((0.0150, 0.0100, 0.15), (0.0105, 0.0066, 0.42), (0.0090, 0.0046, 0.62)):
        centres = painting.scatter(spacing)
        tints = painting.look_up(picture, centres)
        count = len(centres)
        # Purer than nature: away from grey, then broken up.
        grey = tints.mean(axis=1, keepdims=True)
        tints = grey + (tints - grey) * 1.45 + rng.normal(0, 0.07, (count, 3))
        lightness = grey[:, 0]
        choice = rng.random(count)
        complement = np.clip(1.15 * (2 * grey - tints) + 0.1, 0, 1)
        tints = np.where((choice < 0.10 * broken)[:, None], complement, tints)
        some = (choice > 0.10 * broken) & (choice < 0.55 * broken)
        sun = palette("f9d64a", "f7ef9a", "f28a3a", "f4b6a8")[rng.integers(0, 4, count)]
        cool = palette("2f4fb0", "7a4aa8", "2a7aa8", "204a80")[rng.integers(0, 4, count)]
        ringing = np.where((lightness + rng.normal(0, 0.14, count) > 0.52)[:, None], sun, cool)
        tints = np.where(some[:, None], 0.30 * tints + 0.70 * ringing, tints)
        spark = choice > 1 - 0.045 * broken
        tints[spark] = SPARKS[rng.integers(0, len(SPARKS), spark.sum())]
        painting.dots(centres, tints.astype(np.float32), radius, stretch=1.12)
    return painting.light(strength=0.55, gloss=0.1)


def sails(picture: Array, x: Array, y: Array, bank: Array) -> Array:
    """White and ochre sails with their reflections."""
    for cx, foot, tall, tone in (
        (0.80, 0.465, 0.20, "fff6e2"),
        (1.13, 0.425, 0.12, "f6c46a"),
        (0.52, 0.42, 0.09, "fbe6d6"),
    ):
        up = (foot - y) / tall
        sail = (
            (up > 0)
            & (up < 1)
            & (x > cx - 0.13 * tall * (1 - up))
            & (x < cx + 0.52 * tall * np.maximum(1 - up, 0) ** 0.8)
        )
        down = (y - foot - 0.012) / (tall * 0.8)
        glint = (down > 0) & (down < 1) & (np.abs(x - cx - 0.15 * tall) < 0.26 * tall * (1 - down))
        hull = (np.abs(y - foot - 0.008) < 0.009) & (np.abs(x - cx - 0.1 * tall) < 0.42 * tall)
        picture = mix(picture, palette(tone)[0], 0.95 * sail)
        picture = mix(picture, palette(tone)[0], 0.65 * glint * (perlin(x * 6, y * 60, 3) > -0.15))
        picture = mix(picture, palette("3a2a5a")[0], 0.9 * hull)
    return picture


def trees(picture: Array, x: Array, y: Array, seed: int) -> Array:
    """Two large trees on the near bank, and their shade."""
    for tx, foot, trunk, crown_y, reach in ((0.20, 0.86, 0.030, 0.27, 0.30), (1.30, 0.70, 0.016, 0.30, 0.15)):
        bend = tx + 0.05 * np.sin(5 * (foot - y)) * (foot - y)
        wide = trunk * (1 + 0.9 * smoothstep(0.12, 0.0, foot - y)) * (1 - 0.45 * (foot - y))
        bark = (np.abs(x - bend) < wide) & (y < foot) & (y > crown_y)
        lit = np.clip(0.5 + (x - bend) / (2 * trunk), 0, 1)
        picture = mix(
            picture, ramp(lit, palette("2a1f4a", "5a3a5a", "b0703f", "eab060")), bark.astype(np.float32)
        )
        clump = np.hypot((x - tx - 0.03) / reach, (y - crown_y) / (0.8 * reach)) + 0.55 * fbm(
            x * 5, y * 5, 4, seed + 20
        )
        leaves = smoothstep(1.02, 0.90, clump) * smoothstep(-0.62, -0.36, perlin(x * 9, y * 9, seed + 22))
        sunlit = (
            0.46
            + 0.75 * (x - tx) / (2 * reach)
            - 0.9 * (y - crown_y) / (2 * reach)
            + 0.55 * fbm(x * 8, y * 9, 3, seed + 21)
        )
        picture = mix(picture, ramp(np.clip(sunlit, 0, 1), LEAVES), leaves)
        ground = np.hypot((x - tx + 0.10) / (1.5 * reach), (y - foot - 0.03) / 0.055) + 0.5 * fbm(
            x * 7, y * 14, 3, seed + 24
        )
        picture = mix(
            picture,
            ramp(0.4 + 0.4 * fbm(x * 9, y * 9, 2, seed), palette("1f2f6a", "274a7a", "2d6a5a")),
            0.85 * smoothstep(1.0, 0.75, ground),
        )
    return picture


if __name__ == "__main__":
    main(draw, "styles/confetti.jpg")
