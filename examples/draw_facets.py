"""Draw "facets": a table with instruments broken into angular planes of ochre, umber and slate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from brush import OVERSAMPLING, Painting
from canvas import LONGEST, Array, grid, main, mix, palette, shape
from noise import fbm
from PIL import Image, ImageDraw

OCHRES = palette("4a3018", "7c5426", "a9782f", "cfa257", "e6cf95")
SLATES = palette("1c2733", "34485c", "587288", "8ba1ab", "c9d0c8")
GREYS = palette("2b2722", "59524a", "8a8272", "b9b19a", "eee6cf")
REDS = palette("43161a", "7d2a22", "ad4a2f", "cc7a4f", "e8b68c")
GREENS = palette("1b2a22", "37523f", "5f7a58", "93a37a", "cfd1a6")
INK = (26, 21, 18)


def split(polygon: Array, rng: np.random.Generator) -> list[Array]:
    """A convex polygon N×2 cut in two along a slanted line near its middle."""
    centre = polygon.mean(axis=0) + rng.normal(0, 0.12, 2) * np.ptp(polygon, axis=0)
    angle = rng.choice([0.35, 1.05, 1.35, 1.95, 2.6]) + rng.normal(0, 0.13)
    normal = np.array([-np.sin(angle), np.cos(angle)])
    side = (polygon - centre) @ normal
    parts: list[list[Array]] = [[], []]
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        parts[int(side[i] > 0)].append(polygon[i])
        if side[i] * side[j] < 0:
            cut = polygon[i] + (polygon[j] - polygon[i]) * side[i] / (side[i] - side[j])
            parts[0].append(cut)
            parts[1].append(cut)
    return [np.array(part) for part in parts if len(part) >= 3]


def area(polygon: Array) -> float:
    """Area of a polygon N×2 (the shoelace formula)."""
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def break_up(aspect: float, rng: np.random.Generator) -> list[Array]:
    """Facets of the canvas, small where the eye should rest and large at the rim."""
    waiting = [np.array([(-0.1, -0.1), (aspect + 0.1, -0.1), (aspect + 0.1, 1.1), (-0.1, 1.1)])]
    facets = []
    while waiting:
        polygon = waiting.pop()
        middle = polygon.mean(axis=0)
        away = np.hypot((middle[0] - aspect / 2) / aspect * 1.5, middle[1] - 0.5)
        if area(polygon) < (0.0026 + 0.020 * away**2) * rng.uniform(0.6, 2.6):
            facets.append(polygon)
        else:
            waiting.extend(split(polygon, rng))
    return facets


def draw(longest: int = LONGEST, seed: int = 12) -> Array:
    """Cubist facets with dark contours, each shaded from one of its edges to another."""
    aspect = 0.8
    size = shape(longest, aspect)
    x, y = grid(size)
    rng = np.random.default_rng(seed)
    facets = break_up(aspect, rng)

    tone = np.zeros(size, np.float32)
    angle = np.zeros(size, np.float32)
    picture = np.zeros((*size, 3), np.float32)
    # Curved bodies that show through the facets: (x, y, radius, lighter or darker).
    discs = [
        (0.40, 0.62, 0.20, 0.26),
        (0.47, 0.40, 0.135, 0.2),
        (0.42, 0.60, 0.062, -0.62),
        (0.68, 0.24, 0.11, -0.3),
    ]
    stencil = Image.new("L", (size[1], size[0]))
    for facet in facets:
        stencil.paste(0, (0, 0, *stencil.size))
        ImageDraw.Draw(stencil).polygon([tuple(p) for p in (facet * size[0]).tolist()], fill=255)
        inside = np.asarray(stencil) > 0
        if not inside.any():
            continue
        # Shade from one edge towards the far side of the facet.
        edge = rng.integers(len(facet))
        a, b = facet[edge], facet[(edge + 1) % len(facet)]
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
        depth = np.abs((x[inside] - a[0]) * -along[1] + (y[inside] - a[1]) * along[0])
        depth = depth / max(float(depth.max()), 1e-6)
        middle = facet.mean(axis=0)
        glow = 0.74 - 0.62 * np.hypot((middle[0] - 0.42) / 0.8, middle[1] - 0.47)
        base = np.clip(glow + rng.normal(0, 0.17), 0.05, 0.95)
        reach = rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)
        tone[inside] = base + reach * (depth - 0.5)
        for cx, cy, radius, change in discs:
            if rng.random() < 0.72:
                shift = rng.normal(0, 0.016, 2)
                r = np.hypot(x[inside] - cx - shift[0], y[inside] - cy - shift[1])
                tone[inside] += change * (r < radius) * rng.uniform(0.6, 1.2)
        hues = [OCHRES, SLATES, GREYS, REDS, GREENS]
        near = 1.0 if np.hypot(middle[0] - 0.42, middle[1] - 0.52) < 0.26 else 0.0
        odds = np.array([0.30 + 0.25 * near, 0.30 - 0.15 * near, 0.24, 0.07 + 0.03 * near, 0.09])
        hue = hues[rng.choice(5, p=odds / odds.sum())]
        at = np.clip(tone[inside], 0, 1) * (len(hue) - 1)
        low = np.minimum(at.astype(int), len(hue) - 2)
        picture[inside] = hue[low] + (hue[low + 1] - hue[low]) * (at - low)[:, None]
        angle[inside] = np.arctan2(along[1], along[0]) + rng.normal(0, 0.1)

    picture = mix(picture, palette("caa96a")[0], 0.10 + 0.12 * fbm(x * 5, y * 5, 4, seed))
    painting = Painting(size, picture, seed)
    for spacing, length, width, wander in ((0.022, 0.055, 0.026, 0.03), (0.0145, 0.032, 0.0145, 0.045)):
        starts = painting.scatter(spacing)
        shades = painting.look_up(picture, starts)
        shades = shades + painting.rng.normal(0, wander, (len(starts), 1)).astype(np.float32)
        painting.strokes(
            starts, angle, shades, length=length, width=width, variety=0.035, dryness=0.2, steps=6
        )
    contours(painting, facets, discs)
    return painting.light(strength=0.55, gloss=0.06)


def contours(painting: Painting, facets: list[Array], discs: Sequence[tuple[float, ...]]) -> None:
    """Draw dark, uneven outlines; some edges are left open, so that planes run into one another."""
    rng = painting.rng
    lines: list[tuple[Array, float]] = []
    for facet in facets:
        for a, b in zip(facet, np.roll(facet, -1, axis=0), strict=True):
            if rng.random() < 0.8:
                t = np.linspace(-0.03, 1.03, 14)[:, None]
                lines.append((a + (b - a) * t, rng.uniform(0.002, 0.0085)))
    for cx, cy, radius, _ in discs:
        for _ in range(3):
            begin = rng.uniform(0, 2 * np.pi)
            t = np.linspace(begin, begin + rng.uniform(1.4, 3.2), 40)
            wobble = radius * (1 + rng.normal(0, 0.02))
            centre = np.array([cx, cy]) + rng.normal(0, 0.006, 2)
            lines.append(
                (centre + wobble * np.stack([np.cos(t), np.sin(t)], axis=1), rng.uniform(0.003, 0.007))
            )
    # The strings of an instrument, and a table's edge.
    for i in range(6):
        start, end = np.array([0.335 + 0.022 * i, 0.86]), np.array([0.50 + 0.012 * i, 0.06])
        t = np.linspace(0, 1, 30)[:, None]
        lines.append((start + (end - start) * t, 0.0016))
    brush, relief = ImageDraw.Draw(painting.colour), ImageDraw.Draw(painting.height)
    for line, wide in lines:
        jitter = rng.normal(0, 0.0007, line.shape)
        points = (line + jitter) * painting.scale
        pressure = np.sin(np.linspace(0.15, 0.95, len(points)) * np.pi) ** 0.5
        for i in range(len(points) - 1):
            thick = max(1, round(wide * painting.scale * pressure[i] * rng.uniform(0.7, 1.15)))
            if rng.random() < 0.04:
                continue
            segment = points[i : i + 2].ravel().tolist()
            shade = rng.integers(0, 22)
            brush.line(segment, fill=tuple(int(c + shade) for c in INK), width=thick)
            relief.line(segment, fill=int(rng.integers(70, 130)), width=max(1, thick - OVERSAMPLING // 2))


if __name__ == "__main__":
    main(draw, "styles/facets.jpg")
