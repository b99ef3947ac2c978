"""A bristle brush: strokes that follow a field of directions, with relief that catches the light.

A stroke is a bundle of bristles, each a line with its own shade, its own amount of paint, and its own ragged
beginning and end. The paint's height is drawn along with its colour; afterwards `light` shades the ridges.
"""

from __future__ import annotations

import numpy as np
from canvas import Array, blur, shrink
from PIL import Image, ImageDraw

OVERSAMPLING = 2  # bristles are thinner than a pixel


class Painting:
    """Wet paint on a ground: colour and height, both oversampled; lengths are in units of the height."""

    def __init__(self, size: tuple[int, int], ground: Array, seed: int) -> None:
        self.size = size
        self.scale = size[0] * OVERSAMPLING
        self.rng = np.random.default_rng(seed)
        full = (size[1] * OVERSAMPLING, size[0] * OVERSAMPLING)
        ground = np.broadcast_to(np.asarray(ground, np.float32), (*size, 3))
        pixels = (np.clip(ground, 0, 1) * 255).astype(np.uint8)
        self.colour = Image.fromarray(pixels).resize(full, Image.Resampling.BICUBIC)
        self.height = Image.new("L", full, 40)

    def scatter(self, spacing: float) -> Array:
        """Points S×2 (x, y) about ``spacing`` apart, jittered, in random order, also a little outside."""
        height, width = self.size
        xs = np.arange(-spacing, width / height + spacing, spacing)
        ys = np.arange(-spacing, 1 + spacing, spacing)
        points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        points = points + self.rng.uniform(-0.6, 0.6, points.shape) * spacing
        return self.rng.permutation(points).astype(np.float32)

    def look_up(self, field: Array, points: Array) -> Array:
        """Values of an H×W(×C) field at points …×2, nearest pixel."""
        height, width = field.shape[:2]
        column = np.clip((points[..., 0] * height).astype(int), 0, width - 1)
        row = np.clip((points[..., 1] * height).astype(int), 0, height - 1)
        return np.asarray(field[row, column])

    def trace(self, starts: Array, angle: Array, length: Array, steps: int = 10) -> Array:
        """Paths S×steps×2 that follow the H×W field of angles, centred on their starts."""
        half = steps // 2
        paths = np.empty((len(starts), steps, 2), np.float32)
        for sign, indices in ((1, range(half, steps)), (-1, range(half - 1, -1, -1))):
            at = starts.copy()
            for i in indices:
                paths[:, i] = at
                turn = self.look_up(angle, at)
                ahead = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
                at = at + sign * ahead * (length / (steps - 1))[:, None]
        return paths

    def strokes(
        self,
        starts: Array,
        angle: Array,
        colours: Array,
        *,
        length: float,
        width: float,
        variety: float = 0.06,
        dryness: float = 0.25,
        load: float = 1.0,
        steps: int = 10,
    ) -> None:
        """Paint a stroke at each of the starts S×2, along ``angle`` H×W, in colours S×3.

        ``variety`` is how much bristles differ in shade, ``dryness`` the share of bristles without paint,
        ``load`` how thick the paint lies.
        """
        rng = self.rng
        count = len(starts)
        lengths = (length * rng.uniform(0.55, 1.3, count)).astype(np.float32)
        paths = self.trace(starts, angle, lengths, steps)
        along = np.gradient(paths, axis=1)
        normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
        normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
        # A stroke swells after it is set down and thins as it is lifted.
        swell = np.sin(np.linspace(0.12, 0.94, steps) * np.pi).astype(np.float32) ** 0.4
        brush = ImageDraw.Draw(self.colour)
        relief = ImageDraw.Draw(self.height)
        hair = max(1.0, self.scale / 768 * 1.1)
        for k in range(count):
            wide = width * rng.uniform(0.65, 1.3) * self.scale
            bristles = max(2, int(wide / hair / 1.3))
            offsets = np.linspace(-0.5, 0.5, bristles) + rng.normal(0, 0.25 / bristles, bristles)
            # The two sides of a brush seldom carry the same paint.
            lean = rng.normal(0, variety, 3)
            shade = rng.normal(0, variety, (bristles, 1)) + 2 * offsets[:, None] * lean
            tints = np.clip(colours[k] + shade, 0, 1) * 255
            ridge = 70 + 60 * np.abs(2 * offsets) ** 3 + rng.normal(0, 34, bristles)
            first = rng.integers(0, max(1, steps // 4) + 1, bristles)
            last = steps - rng.integers(0, max(1, steps // 3) + 1, bristles)
            wet = rng.random(bristles) >= dryness * rng.uniform(0.2, 1.6)
            pixels = (paths[k] * self.scale)[None] + (
                offsets[:, None, None] * wide * swell[None, :, None] * normal[k][None]
            )
            thick = max(1, round(wide / bristles + 0.6))
            for b in np.flatnonzero(wet):
                a, z = first[b], last[b]
                if z - a < 2:
                    continue
                line = pixels[b, a:z].ravel().tolist()
                brush.line(line, fill=tuple(int(v) for v in tints[b]), width=thick, joint="curve")
                relief.line(line, fill=int(np.clip(40 + load * ridge[b], 0, 255)), width=thick)
                # Paint piles up where the stroke ends.
                tail = pixels[b, max(a, z - 2) : z].ravel().tolist()
                relief.line(tail, fill=int(np.clip(75 + load * ridge[b], 0, 255)), width=thick)

    def dots(self, centres: Array, colours: Array, radius: float, *, stretch: float = 1.0) -> None:
        """Set a round touch of colour S×3 at each of the centres S×2, higher in its middle."""
        brush, relief = ImageDraw.Draw(self.colour), ImageDraw.Draw(self.height)
        radii = radius * self.scale * self.rng.uniform(0.65, 1.25, len(centres))
        heights = self.rng.integers(90, 170, len(centres))
        for (x, y), r, tint, high in zip(
            centres * self.scale, radii, np.clip(colours, 0, 1) * 255, heights, strict=True
        ):
            wide = r * stretch
            brush.ellipse((x - wide, y - r, x + wide, y + r), fill=tuple(int(v) for v in tint))
            relief.ellipse((x - wide, y - r, x + wide, y + r), fill=int(high))
            relief.ellipse((x - 0.5 * wide, y - 0.5 * r, x + 0.5 * wide, y + 0.5 * r), fill=int(high) + 45)

    def light(self, strength: float = 1.0, gloss: float = 0.25, grain: float = 0.015) -> Array:
        """The finished picture H×W×3: the paint's relief lit from the upper left, with a little gloss."""
        paint = np.asarray(self.colour, np.float32) / 255
        height = np.asarray(self.height, np.float32) / 255
        height = 0.6 * blur(height, 0.8) + 0.4 * blur(height, 2.2)
        dy, dx = np.gradient(height)
        slope = (dx + dy) * np.float32(4.5 * strength)
        shade = np.asarray(1 + np.clip(slope, -0.45, 0.4))
        shine = np.asarray(np.clip(slope - 0.28, 0, 1) * gloss)
        lit: Array = paint * shade[..., None] + shine[..., None]
        lit = lit + self.rng.normal(0, grain, (*height.shape, 1)).astype(np.float32)
        return np.clip(shrink(lit.astype(np.float32), self.size), 0, 1)
