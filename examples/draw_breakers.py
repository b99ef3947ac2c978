"""Draw "breakers": clawed waves under a red sun, as if printed from carved wooden blocks."""

from __future__ import annotations

import numpy as np
from canvas import LONGEST, Array, blur, colour, grid, main, mix, shape, shrink, smoothstep
from noise import fbm, perlin
from PIL import Image, ImageDraw

SAMPLES = 2
PAPER, CREAM, PALE, SKY = colour("e6d7b4"), colour("f1e8d0"), colour("9fbcc4"), colour("cdbb92")
BLUE, INDIGO, INK, SUN = colour("3f6f96"), colour("1f3d68"), colour("16223c"), colour("c2452d")
Path = Array  # points N×2 in units of the height


def bezier(points: list[tuple[float, float]], steps: int = 60) -> Path:
    """A chain of cubic Bézier curves: 1 + 3k control points."""
    control = np.array(points, np.float64)
    t = np.linspace(0, 1, steps)[:, None]
    pieces = []
    for i in range(0, len(control) - 1, 3):
        a, b, c, d = control[i : i + 4]
        pieces.append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
    return np.concatenate(pieces)


class Print:
    """Sheets of flat colour pressed one after another; lengths are in units of the height."""

    def __init__(self, size: tuple[int, int], background: Array, rng: np.random.Generator) -> None:
        self.scale = size[0]
        self.rng = rng
        self.image = Image.fromarray((np.clip(background, 0, 1) * 255).astype(np.uint8))
        self.brush = ImageDraw.Draw(self.image)

    def ink(self, tone: Array) -> tuple[int, int, int]:
        """An RGB tuple for Pillow."""
        r, g, b = (int(255 * v) for v in tone)
        return r, g, b

    def area(self, outline: Path, tone: Array) -> None:
        """A filled shape."""
        self.brush.polygon([tuple(p) for p in (outline * self.scale).tolist()], fill=self.ink(tone))

    def line(self, path: Path, width: float, tone: Array = INK) -> None:
        """A carved line: swelling in the middle, with a slightly uneven edge."""
        points = path * self.scale
        pressure = np.sin(np.linspace(0.10, 0.93, len(points)) * np.pi) ** 0.6
        for i in range(len(points) - 1):
            wide = max(1, round(width * self.scale * pressure[i] * self.rng.uniform(0.85, 1.15)))
            self.brush.line(points[i : i + 2].ravel().tolist(), fill=self.ink(tone), width=wide)

    def discs(self, centres: Array, radii: Array, tone: Array) -> None:
        """Filled circles."""
        for (x, y), r in zip(centres * self.scale, radii * self.scale, strict=True):
            self.brush.ellipse((x - r, y - r, x + r, y + r), fill=self.ink(tone))

    def foam(self, roots: Path, outward: Array, reach: float) -> None:
        """Fingers of foam that hook over, outlined: all the outlines first, then all the fillings."""
        centres, radii = [], []
        for root, away in zip(roots, outward, strict=True):
            heading = np.arctan2(away[1], away[0]) + self.rng.normal(0, 0.35)
            bend = self.rng.choice([-1, 1], p=[0.25, 0.75]) * self.rng.uniform(0.14, 0.34)
            at, r = root.copy(), reach * self.rng.uniform(0.26, 0.44)
            for _ in range(self.rng.integers(6, 13)):
                centres.append(at)
                radii.append(r)
                at = at + 0.75 * r * np.array([np.cos(heading), np.sin(heading)])
                heading += bend
                r *= 0.86
        where, size = np.array(centres), np.array(radii)
        edge = max(0.0022, 0.045 * reach)
        self.discs(where, size + edge, INDIGO)
        self.discs(where, size, CREAM)
        # A second, smaller set of hollows gives the foam its carved look.
        some = self.rng.random(len(where)) < 0.32
        inner = where[some] + self.rng.normal(0, 0.12 * reach, (some.sum(), 2))
        self.discs(inner, size[some] * 0.40, PALE)
        self.discs(inner + 0.05 * reach, size[some] * 0.34, CREAM)

    def spray(self, centre: tuple[float, float], spread: tuple[float, float], count: int) -> None:
        """Drops thrown into the air."""
        at = np.array(centre) + self.rng.normal(0, 1, (count, 2)) * spread
        r = self.rng.uniform(0.0015, 0.0062, count)
        self.discs(at, r + 0.0013, BLUE)
        self.discs(at, r, CREAM)


def breaker(sheet: Print, x: float, foot: float, tall: float, flip: bool = False) -> None:
    """A great wave that curls over, striped from its back to its hollow face."""

    def place(path: Path) -> Path:
        side = -1 if flip else 1
        return np.stack([x + side * tall * path[:, 0], foot - tall * path[:, 1]], axis=1)

    back = bezier(
        [(-2.1, -0.35), (-1.1, -0.15), (-0.72, 0.98), (0.10, 1.0), (0.46, 1.02), (0.80, 0.88), (0.86, 0.50)]
    )
    face = bezier(
        [(0.55, -0.35), (0.0, -0.15), (-0.22, 0.42), (0.06, 0.66), (0.24, 0.82), (0.56, 0.80), (0.70, 0.50)]
    )
    sheet.area(np.concatenate([place(back), place(face)[::-1]]), INDIGO)
    stripes = 9
    for i in range(stripes):
        low, high = (i + 0.06) / stripes, (i + (0.62 if i % 2 else 0.5)) / stripes
        t = np.linspace(0, 1, len(back))[:, None]
        # Stripes lie close at the crest and open towards the foot.
        a = back + (face - back) * low**1.1
        b = back + (face - back) * (low + (high - low) * (1 - 0.75 * t)) ** 1.1
        tone = (BLUE, PALE, CREAM, BLUE, PALE)[i % 5]
        last = int(len(back) * sheet.rng.uniform(0.78, 0.99))
        sheet.area(place(np.concatenate([a[:last], b[:last][::-1]])), tone)
    for i in range(44):
        at = sheet.rng.uniform(0.02, 0.98)
        first = int(sheet.rng.uniform(0, 0.4) * len(back))
        hair = (back + (face - back) * at)[first : first + int(len(back) * sheet.rng.uniform(0.25, 0.6))]
        sheet.line(place(hair), 0.0032, INK if i % 3 else PALE)
    sheet.line(place(back), 0.009)
    sheet.line(place(face), 0.007)
    crest = back[int(0.36 * len(back)) :]
    lip = face[int(0.62 * len(face)) :]
    for path, spacing, reach in ((crest, 2, 0.135), (lip, 2, 0.085), (crest[len(crest) // 3 :], 1, 0.085)):
        along = np.gradient(place(path), axis=0)
        sign = (1 if path is lip else -1) * (-1 if flip else 1)
        outward = sign * np.stack([-along[:, 1], along[:, 0]], axis=1)
        sheet.foam(place(path)[::spacing], outward[::spacing], reach * tall)
    side = -1 if flip else 1
    sheet.spray((x + side * 0.95 * tall, foot - 0.72 * tall), (0.26 * tall, 0.24 * tall), 130)


def swell(sheet: Print, level: float, height: float, period: float, phase: float, aspect: float) -> None:
    """A row of lower waves with foaming tops, striped along their shape."""
    x = np.linspace(-0.1, aspect + 0.1, 420)
    turn = x / period * 2 * np.pi + phase
    top = level - height * (0.55 * np.sin(turn + 0.55 * np.sin(turn)) + 0.25 * np.sin(2.3 * turn + 1.1))
    for i, tone in enumerate((INDIGO, BLUE, INDIGO, PALE, BLUE, INDIGO, BLUE, INK, INDIGO, BLUE, INDIGO)):
        drop = height * (0.0 + 0.36 * i + 0.10 * np.sin(turn * 1.7 + i))
        upper = np.stack([x, top + drop * (1 + 0.25 * np.cos(turn))], axis=1)
        sheet.area(np.concatenate([upper, [[aspect + 0.1, 1.2], [-0.1, 1.2]]]), tone)
        sheet.line(upper, 0.0028, INK if i % 2 else CREAM)
    steep = np.flatnonzero(np.sin(turn + 0.55 * np.sin(turn)) > 0.15)[::4]
    roots = np.stack([x[steep], top[steep]], axis=1)
    outward = np.broadcast_to(np.array([0.35, -1.0]), roots.shape)
    sheet.foam(roots, outward, height * 0.62)
    sheet.line(np.stack([x, top], axis=1), 0.005)


def draw(longest: int = LONGEST, seed: int = 4) -> Array:
    """Woodblock waves: clawed foam, flat bands of indigo, grain of wood and paper."""
    aspect = 1.36
    size = shape(longest, aspect)
    fine = (size[0] * SAMPLES, size[1] * SAMPLES)
    x, y = grid(fine)
    rng = np.random.default_rng(seed)

    # The sky is wiped by hand: dark at the top, pale above the horizon, with streaks of cloud.
    sky = mix(PAPER, SKY, smoothstep(0.52, 0.12, y))
    sky = mix(sky, colour("4d6a80"), smoothstep(0.17, -0.02, y + 0.02 * perlin(x * 2, y * 6, seed)))
    sun = np.hypot(x - 0.98, y - 0.27)
    sky = mix(sky, mix(SUN, colour("d9754a"), smoothstep(0.16, 0.40, y)), smoothstep(0.1265, 0.1245, sun))
    cloud = perlin(x * 1.1, y * 15, seed + 2) + 0.35 * perlin(x * 4, y * 22, seed + 3)
    sky = mix(sky, PAPER, smoothstep(0.34, 0.37, cloud) * smoothstep(0.1, 0.16, y) * 0.92)

    sheet = Print(fine, sky, rng)
    swell(sheet, 0.565, 0.032, 0.47, 0.4, aspect)
    breaker(sheet, 1.12, 0.74, 0.30, flip=True)
    swell(sheet, 0.70, 0.050, 0.66, 2.2, aspect)
    breaker(sheet, 0.34, 0.90, 0.66)
    swell(sheet, 0.855, 0.062, 0.74, 4.9, aspect)
    breaker(sheet, 1.16, 1.10, 0.34, flip=True)
    swell(sheet, 0.965, 0.05, 0.55, 1.0, aspect)
    picture: Array = np.asarray(sheet.image, np.float32) / 255

    # Ink takes unevenly: the plank's grain, the baren's rubbing, and the paper's fibres show.
    plank = perlin(
        x * 1.5 + 0.3 * perlin(x * 2, y * 3, 5), y * 70 + 6 * perlin(x * 0.8, y * 2.2, seed + 6), seed + 5
    )
    rubbed = fbm(x * 3.5, y * 3.5, 4, seed + 7)
    inked = 1 - picture.mean(axis=2)
    thin = np.clip(0.10 + 0.11 * plank + 0.16 * rubbed, 0, 0.5) * (0.25 + inked)
    picture = mix(picture, PAPER, thin)
    fibre = perlin(x * 55, y * 160, seed + 8) * 0.5 + perlin(x * 160, y * 60, seed + 9) * 0.5
    speck = rng.normal(0, 1, fine).astype(np.float32)
    picture = picture * (1 + 0.045 * fibre + 0.035 * blur(speck, 0.8))[..., None]
    picture = picture * (1 - 0.10 * smoothstep(0.45, 0.95, np.hypot(x - aspect / 2, y - 0.5)))[..., None]
    return np.clip(shrink(picture.astype(np.float32), size), 0, 1)


if __name__ == "__main__":
    main(draw, "styles/breakers.jpg")
