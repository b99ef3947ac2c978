"""Draw "valley": a river winds through woods and meadows towards snowy mountains, ray-marched."""

from __future__ import annotations

import numpy as np
from canvas import LONGEST, Array, film, linear, main, palette, shape, shrink, smoothstep
from daylight import Sky, rays
from noise import fbm, perlin, ridged, solid
from numpy.typing import NDArray
from solids import Ellipsoid, Heightfield, near, unit
from water import over_water

SAMPLES = 2
STEP = 1.3  # metres between samples of the ground, for pictures large enough to show it
WIDE, DEEP = 620.0, 1500.0


def course(z: Array) -> Array:
    """Where the river runs: its middle across, at a distance z."""
    swing = 16 + 62 * smoothstep(40, 420, z)
    return np.asarray(swing * np.sin(z / 74 + 0.55 * np.sin(z / 131) + 0.2) + 20 * np.sin(z / 39), np.float32)


def lie(seed: int, step: float) -> tuple[Heightfield, Heightfield]:
    """The bare ground, and how densely it is wooded (as a heightfield of 0..1)."""
    z, x = np.mgrid[0:DEEP:step, -WIDE:WIDE:step].astype(np.float32)
    away = (
        np.abs(x - course(z)) * (1 + 0.12 * perlin(x / 18, z / 18, seed + 1)) - 8 - 5 * smoothstep(300, 40, z)
    )
    banks = -1.5 + 3.6 * smoothstep(-5, 7, away)
    sides = 70 * smoothstep(70, 420, np.abs(x)) * (0.65 + 0.5 * ridged(x / 240, z / 240, 4, seed + 2))
    roll = 9 * smoothstep(10, 110, away) * (0.6 + fbm(x / 75, z / 75, 4, seed + 3))
    range_ = smoothstep(560, 1330, z) * (0.55 + 0.6 * smoothstep(40, 420, np.abs(x - 60)))
    peaks = 400 * range_ * ridged(x / 430 + 2.1, z / 520, 7, seed + 4) ** 1.7
    fine = 0.9 * fbm(x / 14, z / 14, 4, seed + 5) * smoothstep(2, 25, away)
    heights = banks + roll + sides + peaks + fine
    patches = (
        fbm(x / 95, z / 95, 4, seed + 6)
        + 0.28 * smoothstep(60, 260, np.abs(x))
        - 0.35 * smoothstep(22, 4, away)
    )
    wood = (
        smoothstep(0.02, 0.20, patches)
        * smoothstep(190, 120, heights)
        * smoothstep(90, 150, z + 0.3 * np.abs(x))
    )
    field = Heightfield(heights.astype(np.float32), -WIDE, 0.0, step)
    return field, Heightfield(wood.astype(np.float32), -WIDE, 0.0, step)


def plant(land: Heightfield, wood: Heightfield, rng: np.random.Generator) -> tuple[Heightfield, Heightfield]:
    """The ground with its trees standing on it, and where on it trees are (1 + a tint for each)."""
    surface, step = land.heights.copy(), land.step
    crowns = np.zeros_like(surface)
    count = 15000
    xs = rng.uniform(-WIDE + 15, WIDE - 15, count).astype(np.float32)
    zs = (135 + (DEEP - 340) * rng.random(count) ** 1.35).astype(np.float32)
    dense = wood.at(xs, zs)
    level = land.at(xs, zs)
    lone = rng.random(count) < 0.045
    for x, z, thick, y, single in zip(xs, zs, dense, level, lone, strict=True):
        if y < 2.6 or y > 165 or (rng.random() > thick and not single):
            continue
        conifer = rng.random() < 0.25 + 0.5 * (y > 50)
        r = rng.uniform(2.6, 4.2) if conifer else rng.uniform(3.4, 6.2)
        tall = r * (3.4 if conifer else 1.55)
        reach = int(r / step) + 1
        i, j = int(z / step), int((x + WIDE) / step)
        v, u = np.mgrid[i - reach : i + reach + 1, j - reach : j + reach + 1]
        d = np.hypot(u * step - WIDE - x, v * step - z) / r
        dome = np.clip(1 - d, 0, 1) ** 0.85 if conifer else np.sqrt(np.clip(1 - d * d, 0, 1))
        top = y + tall * dome - (0 if conifer else 0.2 * tall)
        window = np.s_[i - reach : i + reach + 1, j - reach : j + reach + 1]
        higher = (top > surface[window]) & (d < 1)
        surface[window][higher] = top[higher]
        crowns[window][higher] = 1 + (0.0 if conifer else rng.uniform(0.3, 1.0))
    return Heightfield(surface, -WIDE, 0.0, step), Heightfield(crowns, -WIDE, 0.0, step)


class Scene:
    """The valley under its sky."""

    def __init__(self, seed: int, step: float) -> None:
        sun = unit(np.array([-0.84, 0.40, -0.02], np.float32))
        self.sky = Sky(
            colours=palette("dfe3e2", "c3d5e2", "93b8da", "6598cc", "4279b8", "2f5f9f"),
            sun=sun,
            sunlight=np.array([3.3, 2.55, 1.7], np.float32),
            haze=linear(palette("b5c6d6")[0]),
            cover=0.85,
            seed=seed + 31,
        )
        rng = np.random.default_rng(seed)
        bare, wood = lie(seed, step)
        self.land, self.crowns = plant(bare, wood, rng)
        self.bare = bare
        self.seed = seed
        grove = [
            (-31, 78, 6.2),
            (-38, 92, 6.6),
            (-25, 98, 4.4),
            (-46, 108, 6.4),
            (64, 99, 4.6),
            (68, 112, 6.4),
        ]
        grove += [
            (79, 122, 6.2),
            (59, 131, 4.6),
            (-58, 127, 6.6),
            (-39, 132, 5.0),
            (90, 136, 6.4),
            (-20, 127, 3.4),
        ]
        self.trees = [self.tree(x, z, r, rng) for x, z, r in grove]
        self.trees += [self.thicket(z, side, rng) for z in np.arange(82.0, 200.0, 9.0) for side in (-1, 1)]

    def tree(self, x: float, z: float, reach: float, rng: np.random.Generator) -> list[Ellipsoid]:
        """A broad tree near by: a cluster of leafy balls."""
        ground = float(self.bare.at(np.array([x], np.float32), np.array([z], np.float32))[0])
        balls = [
            Ellipsoid(np.array([x, ground + 1.5, z], np.float32), np.array([0.32, 3.4, 0.32], np.float32), 9)
        ]
        for _ in range(34):
            push = rng.normal(0, 1, 3)
            push *= rng.uniform(0.15, 0.85) / np.linalg.norm(push) * np.array([1, 0.8, 1])
            centre = np.array([x, ground + 0.8 + reach * 1.35, z]) + push * reach
            size = reach * rng.uniform(0.2, 0.42)
            balls.append(
                Ellipsoid(centre.astype(np.float32), np.full(3, size, np.float32), int(rng.integers(0, 3)))
            )
        return balls

    def thicket(self, z: float, side: int, rng: np.random.Generator) -> list[Ellipsoid]:
        """Bushes along the river's edge."""
        bushes = []
        for _ in range(rng.integers(2, 9)):
            depth = np.array([z + rng.normal(0, 4)], np.float32)
            across = course(depth) + side * (15 + 3.5 * np.abs(rng.normal(0, 1, 1)))
            ground = self.bare.at(across.astype(np.float32), depth)
            size = rng.uniform(0.5, 1.5) * np.array([1.2, 0.85, 1.2])
            centre = np.array([across[0], ground[0] + 0.35 * size[1], depth[0]], np.float32)
            bushes.append(Ellipsoid(centre, size.astype(np.float32), int(rng.integers(0, 3))))
        return bushes

    def strike(self, origin: Array, direction: Array) -> tuple[Array, Array, NDArray[np.int32]]:
        """Nearest distance, leaf normal (zero on the ground) and tint of the leaf (-1 on the ground)."""
        distance = self.land.hit(origin, direction, far=2400.0)
        normal = np.zeros_like(origin)
        tint = np.full(len(origin), -1, np.int32)
        for cluster in self.trees:
            middle = np.mean([ball.centre for ball in cluster], axis=0).astype(np.float32)
            size = max(float(np.linalg.norm(ball.centre - middle) + ball.radii.max()) for ball in cluster)
            rows = near(origin, direction, middle, size)
            if not len(rows):
                continue
            for ball in cluster:
                t = ball.hit(origin[rows], direction[rows])
                hit = np.flatnonzero(t < distance[rows])
                p = origin[rows[hit]] + direction[rows[hit]] * t[hit, None]
                n = unit((p - ball.centre) / ball.radii**2)
                facing = -np.einsum("ij,ij->i", n, direction[rows[hit]])
                leafy = (facing > 0.34 + 0.85 * solid(p * 2.6, 3, 7)) | (ball.tint == 9)
                chosen = rows[hit[leafy]]
                distance[chosen], tint[chosen] = t[hit[leafy]], ball.tint
                tilt = np.stack([solid(p[leafy] * 3.1 + s, 2, 3 + s) for s in (0, 5, 9)], axis=1)
                normal[chosen] = unit(n[leafy] + 0.8 * tilt)
        return distance, normal, tint

    def look(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        """Linear light N×3 along rays that do not end on water, and how far away it comes from."""
        distance, leaf, tint = self.strike(origin, direction)
        light = self.sky.light(direction)
        hit = np.flatnonzero(np.isfinite(distance))
        if not len(hit):
            return light, distance
        p, far = origin[hit] + direction[hit] * distance[hit, None], distance[hit]
        albedo, normal = self.surface(p, far)
        leafy = np.flatnonzero(tint[hit] >= 0)
        normal[leafy] = leaf[hit[leafy]]
        greens = linear(palette("3f5a22", "56702a", "6d7f30", "4a3826"))
        albedo[leafy] = (
            greens[np.minimum(tint[hit[leafy]], 3)] * (1 + 0.9 * solid(p[leafy] * 3.2, 3, 4))[:, None]
        )
        facing = np.clip(normal @ self.sky.sun, 0, 1)
        sunny = np.flatnonzero(facing > 0)
        start = p[sunny] + normal[sunny] * (0.25 + 0.0015 * far[sunny, None])
        blocked, _, _ = self.strike(start, np.broadcast_to(self.sky.sun, start.shape).astype(np.float32))
        lit = np.zeros(len(hit), np.float32)
        # Clouds shade parts of the land.
        drift = smoothstep(-0.12, 0.14, fbm(p[sunny, 0] / 260, p[sunny, 2] / 260, 3, self.seed + 40) + 0.10)
        lit[sunny] = np.isinf(blocked) * (0.25 + 0.75 * drift)
        up = 0.5 + 0.5 * normal[:, 1]
        ambient = up[:, None] * np.array([0.25, 0.34, 0.46], np.float32)
        bounce = (0.12 + 0.1 * (1 - up))[:, None] * np.array([0.30, 0.30, 0.16], np.float32)
        shown = albedo * (self.sky.sunlight * (facing * lit)[:, None] + ambient + bounce)
        light[hit] = self.sky.through(shown.astype(np.float32), far, 2300.0)
        return light, distance

    def surface(self, p: Array, far: Array) -> tuple[Array, Array]:
        """Albedo and normal of the ground and of the woods on it."""
        x, y, z = p.T
        normal = self.land.normal(x, z, 0.8 + 0.0035 * far)
        meadow = fbm(x / 26, z / 26, 5, self.seed + 50)
        fine = fbm(x / 1.7, z / 1.7, 4, self.seed + 51) * np.clip(90 / (far + 30), 0, 1)
        grass = linear(palette("3b5624", "58702f", "878c4a", "55702e"))
        at = np.clip(1.0 + 2.6 * meadow + 2.2 * fine, 0, 2.999)
        low = at.astype(int)
        tone = grass[low] + (grass[low + 1] - grass[low]) * (at - low)[:, None]
        # Mown and sown fields on the valley's floor.
        plots = np.sin(np.floor(x / 46 + 0.3 * np.floor(z / 60)) * 12.7 + np.floor(z / 60) * 7.1)
        sown = smoothstep(0.45, 0.55, plots) * smoothstep(26, 14, y) * smoothstep(150, 230, z)
        stripes = 0.9 + 0.1 * np.sin(x * 1.4 + 0.4 * z)
        tone = tone + (linear(palette("c9b25a")[0]) * stripes[:, None] - tone) * (0.6 * sown)[:, None]
        flowers = smoothstep(0.36, 0.5, perlin(x * 2.4, z * 2.4, 77) + 0.3 * meadow) * smoothstep(85, 25, far)
        tone = tone + (linear(palette("d8c23a")[0]) - tone) * (0.8 * flowers)[:, None]
        sand = smoothstep(1.7, 0.6, y)
        tone = tone + (linear(palette("b8a67e")[0]) - tone) * sand[:, None]
        crag = linear(palette("84807c")[0]) * (0.8 + 0.6 * fbm(x / 9, y / 5 + z / 14, 5, 9))[:, None]
        steep = smoothstep(0.80, 0.62, normal[:, 1] + 0.1 * meadow) + smoothstep(120, 190, y + 40 * meadow)
        tone = tone + (crag - tone) * np.clip(steep, 0, 1)[:, None]
        snow = smoothstep(165, 215, y + 60 * meadow) * smoothstep(0.45, 0.66, normal[:, 1] + 0.12 * meadow)
        tone = tone + (np.float32(0.86) - tone) * snow[:, None]
        crown = self.crowns.at(x, z)
        tree = smoothstep(0.3, 0.8, crown)
        leaf = solid(p * 0.8, 3, 61) * np.clip(260 / (far + 60), 0, 1)
        shade = np.clip(crown - 1, 0, 1)[:, None]
        green = linear(palette("1f3522")[0]) * (1 - shade) + linear(palette("5f7530")[0]) * shade
        tone = tone + (green * (1 + 0.8 * leaf)[:, None] - tone) * tree[:, None]
        lumpy = np.stack([leaf, np.zeros_like(leaf), solid(p * 0.8 + 5, 2, 63)], axis=1) * tree[:, None]
        bumps = np.stack([fine, np.zeros_like(fine), fbm(x / 1.7 + 9, z / 1.7, 3, 52)], axis=1)
        normal = unit(normal + 0.55 * lumpy + 0.10 * bumps * np.clip(60 / (far + 20), 0, 1)[:, None])
        return np.clip(tone, 0.004, 1).astype(np.float32), normal


def draw(longest: int = LONGEST, seed: int = 11) -> Array:
    """A winding river, woods and meadows below snowy mountains and piled clouds."""
    size = shape(longest, 1.5)
    fine = (size[0] * SAMPLES, size[1] * SAMPLES)
    scene = Scene(seed, STEP * float(np.clip(384 / longest, 1, 4)))
    eye = np.array([4, 29, -4], np.float32)
    directions = rays(fine, eye, np.array([6, 25, 120], np.float32), 38)
    light = np.empty_like(directions)
    for band in np.array_split(np.arange(len(directions)), max(1, len(directions) // 30_000)):
        origin = np.broadcast_to(eye, (len(band), 3)).astype(np.float32)
        light[band] = over_water(scene.look, scene.sky, origin, directions[band], seed, reach=2300.0)
    return np.clip(shrink(film(light.reshape(*fine, 3), 0.72), size), 0, 1)


if __name__ == "__main__":
    main(draw, "content/valley.jpg")
