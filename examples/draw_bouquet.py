"""Draw "bouquet": loose flowers in watercolour, with bleeding edges, blooms and grainy paper.

A wash is a polygon deformed again and again and laid down as dozens of thin, different layers.
"""

from __future__ import annotations

import numpy as np
from canvas import LONGEST, Array, blur, colour, grid, main, palette, shape, smoothstep
from noise import fbm, perlin
from PIL import Image, ImageDraw

PETALS = palette("c2183c", "e0457a", "7a2f9a", "d9622a", "e8a020", "3a3fa8", "b02a6a")
LEAVES = palette("2f6a3a", "5f8a2f", "1f5a5a", "8a9a30")
GROUNDS = palette("7fb0c8", "c8a8c0", "e2c890", "9ac0b0")


def deform(points: Array, times: int, rng: np.random.Generator, amount: float) -> Array:
    """A rougher polygon: the middle of every edge is pushed aside, again and again."""
    for _ in range(times):
        ahead = np.roll(points, -1, axis=0)
        side = ahead - points
        reach = np.linalg.norm(side, axis=1, keepdims=True)
        middle = (points + ahead) / 2 + rng.normal(0, amount, points.shape) * reach
        points = np.stack([points, middle], axis=1).reshape(-1, 2)
    return points


class Paper:
    """A sheet of rough paper; pigment takes light away, one wash after another."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self.size = size
        self.rng = np.random.default_rng(seed)
        self.x, self.y = grid(size)
        self.tooth = fbm(self.x * 75, self.y * 75, 3, seed) + 0.5 * perlin(
            self.x * 210, self.y * 210, seed + 9
        )
        self.light = np.ones((*size, 3), np.float32) * colour("f6f1e4")

    def wash(
        self, outline: Array, tint: Array, strength: float, *, layers: int = 16, wet: float = 0.42
    ) -> None:
        """Lay a wash over a rough polygon N×2; ``wet`` is how far its layers run."""
        rng = self.rng
        base = deform(outline, 3, rng, wet * 0.6)
        low = np.floor((base.min(axis=0) - 0.06) * self.size[0]).astype(int)
        high = np.ceil((base.max(axis=0) + 0.06) * self.size[0]).astype(int)
        left, top = max(0, low[0]), max(0, low[1])
        right, bottom = min(self.size[1], high[0]), min(self.size[0], high[1])
        if right <= left or bottom <= top:
            return
        cover = np.zeros((bottom - top, right - left), np.float32)
        for _ in range(layers):
            layer = deform(base, 3, rng, wet * 0.5)
            mask = Image.new("L", (right - left, bottom - top))
            ImageDraw.Draw(mask).polygon(
                [tuple(p) for p in (layer * self.size[0] - (left, top)).tolist()], fill=255
            )
            cover += np.asarray(mask, np.float32) / 255
        cover = blur(cover / layers, 0.0011 * self.size[0])
        window = np.s_[top:bottom, left:right]
        # Pigment gathers where the wash dries last: along its edge; and it settles in the paper's pits.
        rim = np.clip(cover - blur(cover, 0.007 * self.size[0]), -0.1, 0.5)
        x, y = self.x[window], self.y[window]
        where = float(rng.uniform(0, 50))
        flow = (
            0.72
            + 0.75 * fbm(x * 5 + where, y * 5, 4, 3)
            + 0.3 * smoothstep(0.1, 0.5, perlin(x * 3 + where, y * 3, 6))
        )
        bloom = np.abs(fbm(x * 6 - where, y * 6, 3, 5))
        backrun = smoothstep(0.06, 0.0, bloom) * 0.4 - smoothstep(0.0, 0.2, bloom) * 0.1
        density = cover * np.clip(flow + backrun, 0.12, 2) + 1.7 * rim
        density *= 1 - 0.38 * np.clip(self.tooth[window], -0.7, 0.7)
        absorbed = -np.log(np.clip(tint, 0.03, 0.99))
        self.light[window] *= np.exp(-strength * np.clip(density, 0, 2.2)[..., None] * absorbed)

    def blot(
        self,
        x: float,
        y: float,
        radius: float,
        tint: Array,
        strength: float,
        *,
        stretch: float = 1.0,
        turn: float = 0.0,
    ) -> None:
        """A roundish wash."""
        angle = np.linspace(0, 2 * np.pi, 9, endpoint=False) + self.rng.uniform(0, 1)
        r = radius * self.rng.uniform(0.72, 1.25, 9)
        u, v = r * np.cos(angle) * stretch, r * np.sin(angle) / stretch
        c, s = np.cos(turn), np.sin(turn)
        self.wash(np.stack([x + c * u - s * v, y + s * u + c * v], axis=1), tint, strength)

    def streak(self, path: Array, width: float, tint: Array, strength: float) -> None:
        """A stroke of a round brush along a path N×2, pointed at its ends."""
        along = np.gradient(path, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        swell = np.sin(np.linspace(0.06, 0.97, len(path)) * np.pi)[:, None] * width
        self.wash(
            np.concatenate([path + normal * swell, (path - normal * swell)[::-1]]),
            tint,
            strength,
            layers=10,
            wet=0.2,
        )

    def spatter(self, x: float, y: float, spread: float, count: int, tint: Array) -> None:
        """Drops flicked from the brush."""
        for _ in range(count):
            px, py = x + self.rng.normal(0, spread), y + self.rng.normal(0, spread)
            self.blot(px, py, float(self.rng.gamma(1.5, 0.0022)) + 0.0012, tint, 0.9)


def draw(longest: int = LONGEST, seed: int = 6) -> Array:
    """Watercolour flowers: washes that bleed, pigment that settles in rough paper."""
    aspect = 0.80
    size = shape(longest, aspect)
    paper = Paper(size, seed)
    rng = paper.rng
    for _ in range(13):
        x, y = rng.uniform(0, aspect), rng.uniform(0, 1)
        paper.blot(
            x, y, rng.uniform(0.13, 0.26), GROUNDS[rng.integers(0, 4)], rng.uniform(0.35, 0.8), stretch=1.2
        )
    heads = [
        (0.40, 0.33, 0.135),
        (0.21, 0.42, 0.105),
        (0.60, 0.44, 0.115),
        (0.33, 0.57, 0.10),
        (0.53, 0.20, 0.09),
    ]
    heads += [
        (0.25, 0.20, 0.085),
        (0.69, 0.27, 0.075),
        (0.12, 0.28, 0.06),
        (0.51, 0.62, 0.08),
        (0.10, 0.56, 0.055),
    ]
    heads += [(0.70, 0.60, 0.06), (0.40, 0.09, 0.055)]
    for x, y, r in heads:
        t = np.linspace(0, 1, 9)[:, None]
        foot = np.array([0.40 + rng.normal(0, 0.03), 0.99])
        bend = np.array([rng.normal(0, 0.05), 0]) * np.sin(t * np.pi)
        paper.streak(
            np.array([x, y + 0.7 * r]) * (1 - t) + foot * t + bend, 0.0045, LEAVES[rng.integers(0, 4)], 0.75
        )
        for _ in range(4):
            at = np.array([x, y]) + (foot - (x, y)) * rng.uniform(0.15, 0.75) + rng.normal(0, 0.02, 2)
            heading = rng.uniform(-np.pi, 0.2)
            reach = rng.uniform(0.6, 1.5) * r
            curve = at + t * reach * np.array([np.cos(heading), np.sin(heading)]) + bend * 0.7
            paper.streak(curve, rng.uniform(0.010, 0.024), LEAVES[rng.integers(0, 4)], rng.uniform(0.4, 1.0))
    for x, y, r in heads:
        tint, other = PETALS[rng.integers(0, 7, 2)]
        petals = rng.integers(5, 8)
        begin = rng.uniform(0, 6)
        for ring, (reach, strength) in enumerate(((0.66, 0.42), (0.48, 0.42), (0.26, 0.36))):
            for k in range(petals):
                turn = begin + 2 * np.pi * (k + 0.5 * ring) / petals + rng.normal(0, 0.1)
                px, py = x + r * reach * np.cos(turn), y + r * reach * np.sin(turn) * 0.85
                shade = tint if rng.random() < 0.75 else other
                paper.blot(
                    px,
                    py,
                    r * (0.40 - 0.07 * ring),
                    shade,
                    strength * rng.uniform(0.6, 1.2),
                    stretch=1.28,
                    turn=turn,
                )
        for _ in range(7):
            angle = rng.uniform(0, 2 * np.pi)
            out = np.linspace(0.15, rng.uniform(0.7, 1.0), 8)[:, None] * r
            paper.streak(
                np.array([x, y]) + out * np.array([np.cos(angle), 0.85 * np.sin(angle)]),
                0.0020,
                tint * 0.6,
                0.42,
            )
        paper.blot(x, y, r * 0.17, colour("4a2430"), 0.6)
        paper.spatter(x, y, r * 0.16, 12, colour("e0a020") * 0.8)
        paper.spatter(x, y, r * 0.9, 7, tint)
    for _ in range(10):
        paper.spatter(rng.uniform(0, aspect), rng.uniform(0, 1), 0.08, 6, PETALS[rng.integers(0, 7)])
    slope: Array = np.diff(blur(paper.tooth, 0.7), axis=1, prepend=paper.tooth[:, :1])
    picture = paper.light * np.asarray(1 + np.clip(0.10 * slope, -0.08, 0.08))[..., None]
    return np.asarray(np.clip(picture, 0, 1), np.float32)


if __name__ == "__main__":
    main(draw, "styles/bouquet.jpg")
