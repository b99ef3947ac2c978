"""Draw "harbour": a small town on a bay in the last light of the day, ray-traced."""

from __future__ import annotations

import numpy as np
from canvas import LONGEST, Array, film, linear, main, palette, shape, shrink, smoothstep
from daylight import Sky, golden_hour, rays
from noise import fbm, perlin, ridged, solid
from numpy.typing import NDArray
from solids import FAR, Convex, Ellipsoid, Heightfield, body, near, unit
from water import over_water

WALL, ROOF, STONE, HULL, SAIL, WOOD = range(6)
WALLS = linear(palette("e9d8b8", "d9a878", "e2c08a", "c98a6a", "efe6d4", "b9c0b4", "d8c49c", "cf9f8c"))
TILES = linear(palette("9a4a30", "a85a38", "8a4632", "7d5240", "b0643c"))
CHURCH = 68  # a tint of its own: few, tall windows
STEP = 1.25  # metres between samples of the ground, for pictures large enough to show it
SAMPLES = 2  # rays a pixel along each side


def ground(seed: int, step: float) -> Heightfield:
    """The bay's shore, a hill behind the town, a headland, and mountains."""
    z, x = np.mgrid[0:900:step, -520:520:step].astype(np.float32)
    shore = (
        74 + 16 * perlin(x / 90, x * 0, seed) + 26 * smoothstep(20, -95, x) * -1 + 46 * smoothstep(30, 130, x)
    )
    inland = z - shore
    hill = 34 * smoothstep(6, 190, inland) + 30 * smoothstep(60, 330, inland) * (
        0.5 + ridged(x / 160, z / 160, 4, seed + 1)
    )
    headland = 30 * np.exp(-(((x + 125) / 62) ** 2) - ((z - 150) / 60) ** 2)
    mountains = 165 * smoothstep(320, 800, z) * ridged(x / 300 + 0.3, z / 420, 6, seed + 2) ** 1.5
    rough = 2.2 * fbm(x / 22, z / 22, 5, seed + 3) * smoothstep(4, 60, inland)
    quay = smoothstep(-1.5, 0.5, inland) * 2.2
    heights = -2 + quay + (hill + headland) * smoothstep(0, 40, inland) + mountains + rough
    return Heightfield(heights.astype(np.float32), -520.0, 0.0, step)


def house(
    base: Array, angle: float, wide: float, deep: float, tall: float, pitch: float, tint: int
) -> Convex:
    """Four walls under a gabled roof."""
    top = tall + pitch * wide / 2
    planes = [
        ((1, 0, 0), wide / 2, WALL),
        ((-1, 0, 0), wide / 2, WALL),
        ((0, 0, 1), deep / 2, WALL),
        ((0, 0, -1), deep / 2, WALL),
        ((pitch, 1, 0), top, ROOF),
        ((-pitch, 1, 0), top, ROOF),
        ((0, -1, 0), 3.0, STONE),
    ]
    return body(base, angle, planes, float(np.hypot(max(wide, deep), top)) * 0.75 + 1, tint)


def tower(base: Array, wide: float, tall: float) -> list[Convex]:
    """A church's tower and its pointed roof."""
    half = wide / 2
    sides = [
        ((1, 0, 0), half, WALL),
        ((-1, 0, 0), half, WALL),
        ((0, 0, 1), half, WALL),
        ((0, 0, -1), half, WALL),
    ]
    shaft = body(base, 0.25, [*sides, ((0, 1, 0), tall, STONE), ((0, -1, 0), 3, STONE)], tall, CHURCH)
    peak = base + np.array([0, tall, 0], np.float32)
    slopes = [
        ((2.6, 1, 0), 2.9 * half, ROOF),
        ((-2.6, 1, 0), 2.9 * half, ROOF),
        ((0, 1, 2.6), 2.9 * half, ROOF),
    ]
    spire = body(
        peak, 0.25, [*slopes, ((0, 1, -2.6), 2.9 * half, ROOF), ((0, -1, 0), 0, STONE)], wide * 2.4, 2
    )
    return [shaft, spire]


def boat(x: float, z: float, angle: float, size: float, sail: bool, tint: int) -> list[Convex]:
    """A hull, a mast, and perhaps a sail."""
    at = np.array([x, 0, z], np.float32)
    hull = [
        ((0.55, -0.5, 1), 0.62 * size, HULL),
        ((0.55, -0.5, -1), 0.62 * size, HULL),
        ((-0.16, -0.5, 1), 0.42 * size, HULL),
        ((-0.16, -0.5, -1), 0.42 * size, HULL),
        ((-1, -0.25, 0), 1.05 * size, HULL),
        ((0, 1, 0), 0.36 * size, WOOD),
        ((0, -1, 0), 0.2 * size, HULL),
    ]
    parts = [body(at, angle, hull, 1.7 * size, tint)]
    thin = 0.035 * size
    stick = [
        ((1, 0, 0), thin, WOOD),
        ((-1, 0, 0), thin, WOOD),
        ((0, 0, 1), thin, WOOD),
        ((0, 0, -1), thin, WOOD),
    ]
    parts.append(
        body(at, angle, [*stick, ((0, 1, 0), 3.4 * size, WOOD), ((0, -1, 0), 0, WOOD)], 3.5 * size, tint)
    )
    if sail:
        cloth = [
            ((0.1, 0, 1), 0.03 * size, SAIL),
            ((-0.1, 0, -1), 0.03 * size, SAIL),
            ((1, 0, 0), -0.07 * size, SAIL),
            ((0, -1, 0), -0.62 * size, SAIL),
            ((-2.4, 1, 0), 3.3 * size, SAIL),
        ]
        jib = [
            ((0.1, 0, 1), 0.02 * size, SAIL),
            ((-0.1, 0, -1), 0.02 * size, SAIL),
            ((-1, 0, 0), -0.08 * size, SAIL),
            ((1.9, 1, 0.0), 2.75 * size, SAIL),
            ((0, -1, 0), -0.5 * size, SAIL),
        ]
        parts += [body(at, angle, cloth, 3.5 * size, tint), body(at, angle, jib, 3.0 * size, tint + 1)]
    return parts


def town(land: Heightfield, rng: np.random.Generator) -> tuple[list[Convex], list[Ellipsoid]]:
    """Houses along the quay and up the hill, a church, boats, and trees between them."""
    solids: list[Convex] = []
    trees: list[Ellipsoid] = []
    taken: list[tuple[float, float, float]] = []

    def free(x: float, z: float, room: float) -> bool:
        return all(np.hypot(x - a, z - b) > room + r for a, b, r in taken)

    def height(x: float, z: float) -> float:
        return float(land.at(np.array([x], np.float32), np.array([z], np.float32))[0])

    hx, hz = 14.0, 138.0
    base = np.array([hx, height(hx, hz), hz], np.float32)
    solids += tower(base, 6.2, 23)
    solids.append(house(base + np.array([8, 0, 4], np.float32), 1.82, 10, 19, 10, 0.8, CHURCH))
    taken += [(hx, hz, 6), (hx + 8, hz + 4, 9)]
    tries = [(x, 0.0) for x in np.arange(-88, 96, 6.6)] + [
        (float(rng.uniform(-95, 100)), 1.0) for _ in range(420)
    ]
    for x, up in tries:
        z = 40.0
        while height(x, z) < -0.3 and z < 170:
            z += 0.5
        z += 7 + rng.uniform(0, 2.5) + up * rng.uniform(6, 92)
        wide, deep = rng.uniform(5.6, 8.4), rng.uniform(6.5, 10)
        if not free(x, z, 3.6) or z > 215:
            continue
        tall = rng.uniform(5.5, 10.5) * (1.12 if up == 0 else 0.85)
        angle = rng.normal(0, 0.13) + (np.pi / 2 if rng.random() < 0.45 else 0)
        base = np.array([x, height(x, z) - 0.5, z], np.float32)
        solids.append(house(base, angle, wide, deep, tall, rng.uniform(0.45, 0.75), int(rng.integers(0, 64))))
        taken.append((x, z, 3.5))
    for _ in range(900):
        x, z = rng.uniform(-190, 190), rng.uniform(82, 330)
        y = height(x, z)
        if y < 2.5 or not free(x, z, 3.0) or perlin(np.float32(x / 40), np.float32(z / 40), 3) < -0.12:
            continue
        slim = rng.random() < 0.3
        r = rng.uniform(1.8, 3.6)
        radii = np.array([r * 0.5, r * 2.3, r * 0.5] if slim else [r * 1.2, r, r * 1.2], np.float32)
        trees.append(Ellipsoid(np.array([x, y + radii[1] * 0.8, z], np.float32), radii, int(slim)))
        taken.append((x, z, 0.6))
    fleet: list[tuple[float, float, float, float, bool]] = [
        (-9.5, 36, 2.75, 2.4, True),
        (15, 50, 0.35, 1.9, True),
        (30, 62, 2.9, 1.7, False),
        (-27, 55, 0.3, 1.6, False),
    ]
    fleet += [
        (4, 64, 3.0, 1.5, False),
        (44, 70, 0.2, 1.7, True),
        (9.5, 27.5, 0.5, 1.15, False),
        (-38, 60, 2.8, 1.5, True),
    ]
    for i, (x, z, angle, size, sail) in enumerate(fleet):
        solids += boat(x, z, angle, size, sail, i)
    return solids, trees


class Scene:
    """Everything that stands in the light of one sky."""

    def __init__(self, seed: int, step: float) -> None:
        self.sky: Sky = golden_hour(azimuth=-122, height=19, seed=seed + 2, cover=0.75)
        self.land = ground(seed, step)
        self.solids, self.trees = town(self.land, np.random.default_rng(seed))
        self.seed = seed

    def strike(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.int32], NDArray[np.int32]]:
        """Nearest distance, object (-1 sky, 0 land, 1.. solids, then trees) and face of each ray."""
        distance = self.land.hit(origin, direction)
        thing = np.where(np.isfinite(distance), 0, -1).astype(np.int32)
        face = np.zeros(len(origin), np.int32)
        for i, solid_body in enumerate(self.solids, start=1):
            rows = near(origin, direction, solid_body.centre, solid_body.radius)
            if not len(rows):
                continue
            t, f = solid_body.hit(origin[rows], direction[rows])
            win = t < distance[rows]
            distance[rows[win]], thing[rows[win]], face[rows[win]] = t[win], i, f[win]
        for i, tree in enumerate(self.trees, start=1 + len(self.solids)):
            rows = near(origin, direction, tree.centre, float(tree.radii.max()))
            if not len(rows):
                continue
            t = tree.hit(origin[rows], direction[rows])
            t[~np.isfinite(t)] = FAR
            rows, t = rows[t < distance[rows]], t[t < distance[rows]]
            if not len(rows):
                continue
            # Leaves: near its outline a crown is full of holes.
            p = origin[rows] + direction[rows] * t[:, None]
            n = unit((p - tree.centre) / tree.radii**2)
            facing = -np.einsum("ij,ij->i", n, direction[rows])
            solid_leaf = facing > 0.28 + 0.5 * solid(p * 1.3, 2, 7)
            rows, t = rows[solid_leaf], t[solid_leaf]
            distance[rows], thing[rows] = t, i
        return distance, thing, face

    def look(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        """Linear light N×3 along rays that do not end on water, and how far away it comes from."""
        distance, thing, face = self.strike(origin, direction)
        light = self.sky.light(direction)
        hit = np.flatnonzero(thing >= 0)
        if len(hit):
            p = origin[hit] + direction[hit] * distance[hit, None]
            albedo, normal, glow = self.surface(p, thing[hit], face[hit], distance[hit])
            facing = np.clip(normal @ self.sky.sun, 0, 1)
            sunny = np.flatnonzero(facing > 0)
            shade = np.zeros(len(hit), np.float32)
            start = p[sunny] + normal[sunny] * (0.06 + 0.0012 * distance[hit][sunny, None])
            blocked, _, _ = self.strike(start, np.broadcast_to(self.sky.sun, start.shape).astype(np.float32))
            shade[sunny] = ~np.isfinite(blocked)
            up = 0.5 + 0.5 * normal[:, 1]
            # Corners near the ground see less of the sky.
            above = np.clip((p[:, 1] - self.land.at(p[:, 0], p[:, 2])) / 5, 0, 1)
            open_sky = np.where(thing[hit] > 0, 0.5 + 0.5 * above, 0.85)
            ambient = (up * open_sky)[:, None] * np.array([0.30, 0.40, 0.58], np.float32)
            bounce = ((1 - up) * 0.5 + 0.14)[:, None] * np.array([0.34, 0.24, 0.15], np.float32)
            lit = albedo * (self.sky.sunlight * (facing * shade)[:, None] + ambient + bounce) + glow
            light[hit] = self.sky.through(lit, distance[hit], 780.0)
        return light, distance

    def surface(
        self, p: Array, thing: NDArray[np.int32], face: NDArray[np.int32], far: Array
    ) -> tuple[Array, Array, Array]:
        """Albedo, normal and own glow at points of the scene."""
        albedo, normal = np.zeros_like(p), np.zeros_like(p)
        glow = np.zeros_like(p)
        bare = thing == 0
        if bare.any():
            q = p[bare]
            normal[bare] = n = self.land.normal(q[:, 0], q[:, 2], 0.9 + 0.004 * far[bare])
            patch = fbm(q[:, 0] / 9, q[:, 2] / 9, 5, self.seed + 9)
            grass = linear(palette("6e6a38", "7f7a44", "4c5a30", "9a8a55"))
            at = np.clip(1.5 + 2.2 * patch, 0, 2.999)
            low = at.astype(int)
            tone = (
                grass[low] * (1 - (at - low))[:, None] + grass[np.minimum(low + 1, 3)] * (at - low)[:, None]
            )
            rock = linear(palette("93806c")[0]) * (0.75 + 0.5 * fbm(q[:, 0] / 3, q[:, 1] / 2, 4, 4))[:, None]
            steep = smoothstep(0.86, 0.68, n[:, 1] + 0.08 * patch)[:, None]
            quay = smoothstep(3.2, 1.6, q[:, 1])[:, None] * smoothstep(260.0, 200.0, q[:, 2])[:, None]
            woods = (
                smoothstep(0.0, 0.25, fbm(q[:, 0] / 34, q[:, 2] / 34, 4, 8)) * smoothstep(170, 260, q[:, 2])
            )[:, None]
            tone = tone * (1 - 0.6 * woods)
            tone = tone * (1 - steep) + rock * steep
            albedo[bare] = tone * (1 - quay) + linear(palette("a8977e")[0]) * quay
        for i in np.unique(thing[thing > 0]):
            rows = np.flatnonzero(thing == i)
            if i > len(self.solids):
                tree = self.trees[i - 1 - len(self.solids)]
                n = unit((p[rows] - tree.centre) / tree.radii**2)
                leaf = solid(p[rows] * 1.6, 3, 13)
                tilt = np.stack(
                    [leaf, solid(p[rows] * 1.6 + 9, 2, 3), solid(p[rows] * 1.6 - 7, 2, 5)], axis=1
                )
                normal[rows] = unit(n + 0.75 * tilt)
                green = linear(palette("2f4022", "4d5a2c")[1 - tree.tint])
                albedo[rows] = green * (1 + 0.9 * leaf)[:, None]
            else:
                thing_body = self.solids[i - 1]
                albedo[rows], glow[rows] = facade(thing_body, p[rows], face[rows], int(i))
                normal[rows] = thing_body.normals[face[rows]]
        return np.clip(albedo, 0.004, 1), normal, glow


def facade(item: Convex, p: Array, face: NDArray[np.int32], key: int) -> tuple[Array, Array]:
    """Plaster with windows, rows of tiles, planks and canvas: albedo and glow at points of one body."""
    local = (p - item.base) @ item.axes.T
    kind = item.material[face]
    across = np.where(np.abs(item.normals[face] @ item.axes[0]) > 0.5, local[:, 2], local[:, 0])
    up = local[:, 1]
    wall = WALLS[item.tint % len(WALLS)]
    stain = 1 + 0.22 * fbm(across * 0.5 + key * 7, up * 0.35, 4, 21) - 0.16 * smoothstep(2.5, 0.0, up)
    albedo = wall * stain[:, None]
    glow = np.zeros_like(p)
    # Windows sit on a grid; the key keeps the grid of every house its own.
    few = item.tint == CHURCH
    pitch, storey = (3.1, 7.2) if few else (2.15 + 0.5 * (key % 3), 2.95)
    u, v = across / pitch + 0.5 + (0.0 if few else 0.11 * (key % 5)), (up - 0.35) / storey
    fu, fv = np.abs(u - np.floor(u) - 0.5), np.abs(v - np.floor(v) - 0.52)
    frame = (fu < 0.245) & (fv < 0.325) & (up > 0.5)
    pane = (fu < 0.19) & (fv < 0.285) & (up > 0.5) & (fu > 0.016)
    shutter = (fu >= 0.255) & (fu < 0.40) & (fv < 0.31) & (up > 0.5) & (key % 3 > 0) & (not few)
    hue = linear(palette("5a7a6e", "6a4a3a", "4a6a86", "7c7a5a")[key % 4])
    odd = np.floor(u) * 12.9 + np.floor(v) * 78.2 + key * 3.7
    lamp = (np.sin(odd) * 43758.5) % 1
    albedo = np.where(shutter[:, None], hue, albedo)
    albedo = np.where(frame[:, None], linear(palette("bfb199")[0]), albedo)
    albedo = np.where(pane[:, None], np.float32(0.035), albedo)
    lit = (pane & (lamp > 0.86) & (kind == WALL))[:, None]
    glow = np.where(lit, np.array([1.15, 0.62, 0.2], np.float32), glow)
    tile = TILES[item.tint % len(TILES)]
    course = 0.82 + 0.18 * np.sin(up * 17) + 0.10 * np.sin(across * 19)
    aged = 1 + 0.45 * fbm(local[:, 0] * 0.9 + key, local[:, 2] * 0.9, 4, 33)
    roof = tile * (course * aged)[:, None]
    stone = linear(palette("b3a48c")[0]) * (1 + 0.3 * fbm(across, up * 1.4, 3, 5))[:, None]
    paint = linear(palette("f0ebe0", "2f5f7a", "a83a2c", "e8e2d4", "3c6a58", "d9a441")[item.tint % 6])
    hull = np.where((up > 0.62 * item.radius / 4)[:, None], linear(palette("f2ecdc")[0]), paint)
    cloth = linear(palette("efe3c8", "e3d3b0")[item.tint % 2]) * (0.94 + 0.06 * np.sin(up * 6))[:, None]
    planks = linear(palette("8a6038")[0]) * (1 + 0.2 * np.sin(local[:, 2] * 22))[:, None]
    for name, tone in ((ROOF, roof), (STONE, stone), (HULL, hull), (SAIL, cloth), (WOOD, planks)):
        albedo = np.where((kind == name)[:, None], tone, albedo)
    return np.asarray(albedo, np.float32), np.where((kind == WALL)[:, None], glow, 0).astype(np.float32)


def draw(longest: int = LONGEST, seed: int = 5) -> Array:
    """A harbour town at golden hour: houses, boats, hills and their reflections."""
    size = shape(longest, 1.5)
    fine = (size[0] * SAMPLES, size[1] * SAMPLES)
    scene = Scene(seed, STEP * float(np.clip(384 / longest, 1, 4)))
    eye = np.array([-4, 9.0, -6], np.float32)
    directions = rays(fine, eye, np.array([2, 13.5, 90], np.float32), 36)
    light = np.empty_like(directions)
    # A band of rows at a time keeps the working set in the processor's cache.
    for band in np.array_split(np.arange(len(directions)), max(1, len(directions) // 30_000)):
        origin = np.broadcast_to(eye, (len(band), 3)).astype(np.float32)
        light[band] = over_water(scene.look, scene.sky, origin, directions[band], seed)
    picture = film(light.reshape(*fine, 3), 0.72)
    return np.clip(shrink(picture, size), 0, 1)


if __name__ == "__main__":
    main(draw, "content/harbour.jpg")
