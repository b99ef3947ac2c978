"""Draw "still life": a jug, a bowl and fruit by a window, ray-marched through signed distances.

Sphere tracing after Hart, "Sphere tracing" (1996); the smooth union after Quílez' polynomial one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from canvas import LONGEST, Array, film, linear, main, palette, shape, shrink, smoothstep
from daylight import rays
from noise import fbm, perlin, solid
from numpy.typing import NDArray
from solids import unit

TABLE, WALL, JUG, BOWL, APPLE, PEAR, LEMON, CLOTH, STEM, GRAPE = range(10)
SAMPLES = 2
LAMP = np.array([-5.2, 5.4, -4.2], np.float32)  # the middle of the window
WARM = np.array([1.0, 0.84, 0.62], np.float32)


def length2(x: Array, y: Array) -> Array:
    """Distance from the origin in a plane."""
    return np.asarray(np.sqrt(x * x + y * y), np.float32)


def norm(p: Array) -> Array:
    """Lengths of vectors N×3."""
    return np.asarray(np.sqrt(p[:, 0] * p[:, 0] + p[:, 1] * p[:, 1] + p[:, 2] * p[:, 2]), np.float32)


def within(p: Array, centre: tuple[float, ...], radius: float, shape_of: Callable[[Array], Array]) -> Array:
    """A distance worked out only near its ball; further off the ball's own distance is a safe step."""
    gap = norm(p - np.array(centre, np.float32)) - np.float32(radius)
    close = np.flatnonzero(gap < 0.6)
    if len(close):
        gap[close] = shape_of(p[close])
    return gap


def blend(a: Array, b: Array, k: float) -> Array:
    """Smooth union of two distances; ``k`` is the width of the seam."""
    h = np.maximum(k - np.abs(a - b), 0) / k
    return np.asarray(np.minimum(a, b) - h * h * k / 4, np.float32)


def turned_body(p: Array, centre: tuple[float, float, float], profile: Array, wall: float = 0.0) -> Array:
    """A body of revolution from points K×2 (height, radius) of its profile; hollow if it has a wall."""
    q = p - np.array(centre, np.float32)
    r = length2(q[:, 0], q[:, 2])
    y = q[:, 1]
    # Natural smoothness: a cosine between the points rather than straight lines.
    at = np.clip(np.searchsorted(profile[:, 0], y) - 1, 0, len(profile) - 2)
    t = np.clip((y - profile[at, 0]) / (profile[at + 1, 0] - profile[at, 0]), 0, 1)
    t = t * t * (3 - 2 * t)
    radius = profile[at, 1] * (1 - t) + profile[at + 1, 1] * t
    side = (r - radius) * np.float32(0.72)
    if wall:
        side = np.abs(side) - wall
        lid = y - profile[-1, 0]
        floor = np.maximum(r - profile[0, 1], np.abs(y - profile[0, 0]) - wall)
        body = np.maximum(side, np.maximum(lid, profile[0, 0] - y))
        return np.asarray(np.minimum(body, floor), np.float32)
    return np.asarray(np.maximum(side, np.maximum(y - profile[-1, 0], profile[0, 0] - y)), np.float32)


JUG_PROFILE = np.array(
    [(0, 0.42), (0.10, 0.50), (0.62, 0.80), (1.05, 0.78), (1.60, 0.40), (1.95, 0.34), (2.28, 0.50)],
    np.float32,
)
BOWL_PROFILE = np.array([(0, 0.36), (0.12, 0.40), (0.40, 0.86), (0.66, 1.12)], np.float32)
JUG_AT, BOWL_AT = (-1.32, 0.0, 0.5), (0.62, 0.0, 0.72)
APPLES = [
    (0.28, 0.72, 0.50, 0.43),
    (0.98, 0.74, 0.52, 0.44),
    (0.62, 0.72, 1.14, 0.44),
    (-0.36, 0.40, -0.72, 0.42),
]
APPLES += [(2.25, 0.43, 0.25, 0.44)]
PEARS = [((0.60, 1.15, 0.70), 0.9, (0.34, 0.94)), ((1.72, 0.42, -0.62), 1.0, (-0.92, 0.40))]
LEMONS = [((0.60, 0.30, -1.15), 0.5), ((-2.35, 0.31, -0.35), 2.3)]
GRAPES = np.random.default_rng(3).normal(0, 1, (26, 3)).astype(np.float32) * np.array(
    [0.30, 0.10, 0.22], np.float32
)
STEMS = [(x, y + 0.25 * s, z, 0.10, 0.34) for x, y, z, s in APPLES]
STEMS += [(0.84, 1.77, 0.82, 0.12, 0.26), (1.12, 0.72, -0.52, -0.2, 0.22)]
GRAPES = np.abs(GRAPES) * np.array([0, 1, 0]) + GRAPES * np.array([1, 0, 1]) + np.array([-1.05, 0.14, -1.15])


def apple(p: Array, item: tuple[float, float, float, float]) -> Array:
    """A ball (x, y, z, size) with a dimple above and a narrow foot."""
    x, y, z, size = item
    q = (p - np.array([x, y, z], np.float32)) / size
    r = length2(q[:, 0], q[:, 2])
    angle = np.arctan2(q[:, 2], q[:, 0])
    r = r * (1 + 0.02 * np.cos(5 * angle) * smoothstep(0.4, -0.9, q[:, 1]))
    ring = length2(r - 0.36, q[:, 1] * 1.06 - 0.05 - 0.12 * r) - 0.66
    return np.asarray(ring * size * 0.85, np.float32)


def pear(p: Array, item: tuple[tuple[float, float, float], float, tuple[float, float]]) -> Array:
    """Two balls run together: place, size, and the direction of the neck (across, up)."""
    at, size, lean = item
    q = (p - np.array(at, np.float32)) / size
    axis = unit(np.array([lean[0], lean[1], 0.18], np.float32))
    belly = norm(q) - np.float32(0.41)
    neck = norm(q - axis * np.float32(0.52)) - np.float32(0.20)
    return np.asarray(blend(belly.astype(np.float32), neck.astype(np.float32), 0.42) * size * 0.9, np.float32)


def lemon(p: Array, item: tuple[tuple[float, float, float], float]) -> Array:
    """A stretched ball with a nipple at either end: place and turn."""
    at, turn = item
    q = p - np.array(at, np.float32)
    c, s = np.cos(turn), np.sin(turn)
    along, across = c * q[:, 0] + s * q[:, 2], -s * q[:, 0] + c * q[:, 2]
    body = np.sqrt((along / 1.3) ** 2 + q[:, 1] ** 2 + across**2) - 0.31
    tip = np.sqrt((np.abs(along) - 0.40) ** 2 + q[:, 1] ** 2 + across**2) - 0.06
    return np.asarray(blend(body.astype(np.float32), tip.astype(np.float32), 0.12) * 0.8, np.float32)


def cloth(p: Array) -> Array:
    """A cloth over the table's corner, in folds."""
    x, z = p[:, 0], p[:, 2]
    folds = 0.085 * np.sin(3.1 * x + 1.9 * z + 1.3 * np.sin(1.2 * z + 0.8 * x)) + 0.05 * perlin(
        x * 1.5, z * 1.2, 41
    )
    edge = z - (-0.42 - 0.62 * x + 0.18 * np.sin(2.3 * x))
    height = 0.10 + folds * smoothstep(0.1, -0.9, edge) - 0.35 * smoothstep(-0.10, 0.06, edge)
    # Beyond the table's front edge the cloth hangs down.
    hang = smoothstep(-3.1, -3.4, z) * 3.0
    return np.asarray((p[:, 1] - height + hang) * 0.55, np.float32)


def stem(p: Array, item: tuple[float, float, float, float, float]) -> Array:
    """A stalk (x, y, z, lean, height)."""
    x, y, z, lean, tall = item
    q = p - np.array([x, y, z], np.float32)
    axis = np.array([lean, tall, 0.04], np.float32)
    t = np.clip((q @ axis) / (axis @ axis), 0, 1)
    return np.asarray(norm(q - t[:, None] * axis) - 0.022 - 0.012 * t, np.float32)


def handle(p: Array) -> Array:
    """The jug's handle: part of a ring."""
    q = p - np.array([JUG_AT[0] - 0.62, 1.42, JUG_AT[2]], np.float32)
    ring = length2(length2(q[:, 0] * 1.05, q[:, 1] * 0.82) - 0.46, q[:, 2]) - 0.085
    return np.asarray(np.maximum(ring, q[:, 0] - 0.34) * 0.8, np.float32)


def table(p: Array) -> Array:
    """The slab of the table."""
    return np.asarray(np.maximum(p[:, 1], np.maximum(-p[:, 1] - 0.22, -3.3 - p[:, 2])), np.float32)


def grapes(p: Array) -> Array:
    """A heap of small balls."""
    return np.asarray(np.min([norm(p - g) for g in GRAPES.astype(np.float32)], axis=0) - np.float32(0.135))


def parts(p: Array) -> list[tuple[int, Array]]:
    """Signed distance of every material at points N×3."""
    x, _, z = JUG_AT
    jug = within(
        p,
        (x - 0.2, 1.15, z),
        1.5,
        lambda q: blend(turned_body(q, JUG_AT, JUG_PROFILE, 0.035), handle(q), 0.08),
    )
    heap = tuple(GRAPES.mean(axis=0).tolist())
    spread = float(np.linalg.norm(GRAPES - GRAPES.mean(axis=0), axis=1).max()) + 0.14
    linen = p[:, 1] * np.float32(0.55) - np.float32(0.18)
    low = np.flatnonzero(p[:, 1] < 1.2)
    linen[low] = cloth(p[low])

    def nearest(distances: list[Array]) -> Array:
        return np.asarray(np.min(distances, axis=0), np.float32)

    return [
        (TABLE, table(p)),
        (WALL, (3.1 - p[:, 2]).astype(np.float32)),
        (JUG, jug),
        (
            BOWL,
            within(
                p, (BOWL_AT[0], 0.35, BOWL_AT[2]), 1.2, lambda q: turned_body(q, BOWL_AT, BOWL_PROFILE, 0.03)
            ),
        ),
        (APPLE, nearest([within(p, a[:3], 1.2 * a[3], partial(apple, item=a)) for a in APPLES])),
        (PEAR, nearest([within(p, a[0], 0.8, partial(pear, item=a)) for a in PEARS])),
        (LEMON, nearest([within(p, a[0], 0.5, partial(lemon, item=a)) for a in LEMONS])),
        (CLOTH, linen),
        (STEM, nearest([within(p, a[:3], 0.4, partial(stem, item=a)) for a in STEMS])),
        (GRAPE, within(p, heap, spread, grapes)),
    ]


def distance(p: Array) -> Array:
    """Signed distance of the whole scene."""
    return np.asarray(np.min([d for _, d in parts(p)], axis=0), np.float32)


def march(origin: Array, direction: Array, *, far: float, steps: int) -> Array:
    """Distance along each ray to the surface, or ``far``."""
    t = np.full(len(origin), 0.02, np.float32)
    alive = np.arange(len(origin))
    for _ in range(steps):
        d = distance(origin[alive] + direction[alive] * t[alive, None])
        t[alive] += d
        alive = alive[(d > 0.0008 * (1 + 0.2 * t[alive])) & (t[alive] < far)]
        if not len(alive):
            break
    return np.minimum(t, far)


def slope(p: Array) -> Array:
    """Normals: the gradient of the distance, by the four corners of a tetrahedron."""
    corners = np.array([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)], np.float32)
    return unit(np.sum([c * distance(p + c * 0.002)[:, None] for c in corners], axis=0))


def soft_shadow(p: Array, towards: Array, reach: Array) -> Array:
    """How much of the window is seen from p: the narrowest gap along the way, after Quílez."""
    seen = np.ones(len(p), np.float32)
    t = np.full(len(p), 0.04, np.float32)
    alive = np.arange(len(p))
    for _ in range(34):
        d = distance(p[alive] + towards[alive] * t[alive, None])
        seen[alive] = np.minimum(seen[alive], 0.5 + 0.5 * d / (0.085 * t[alive]))
        t[alive] += np.clip(d, 0.04, 0.5)
        alive = alive[(seen[alive] > 0) & (t[alive] < reach[alive])]
        if not len(alive):
            break
    seen = np.clip(seen, 0, 1)
    return np.asarray(seen * seen * (3 - 2 * seen), np.float32)


def occlusion(p: Array, normal: Array) -> Array:
    """Share of ambient light that reaches p, from the distances a little way out."""
    lost = np.zeros(len(p), np.float32)
    for i, out in enumerate((0.04, 0.12, 0.26, 0.5)):
        lost += (out - distance(p + normal * np.float32(out))) * np.float32(0.62**i / out * 0.42)
    return np.clip(1 - lost, 0.06, 1)


def material(kind: NDArray[np.intp], p: Array) -> tuple[Array, Array, Array]:
    """Albedo N×3, gloss N and bump N at points of each material."""
    x, y, z = p.T
    albedo = np.zeros_like(p)
    gloss, bump = np.zeros(len(p), np.float32), np.zeros(len(p), np.float32)

    def paint(which: int, tone: Array, shine: float, rough: Array | float = 0.0) -> None:
        rows = kind == which
        albedo[rows] = np.broadcast_to(tone, p.shape)[rows]
        gloss[rows] = shine
        bump[rows] = np.broadcast_to(rough, kind.shape)[rows]

    def tones(a: str, b: str, amount: Array) -> Array:
        low, high = linear(palette(a, b))
        return np.asarray(low + (high - low) * np.clip(amount, 0, 1)[:, None], np.float32)

    grain = perlin(x * 1.2 + 0.5 * perlin(x, z * 3, 2), z * 16 + 2 * perlin(x * 0.5, z * 2, 3), 4)
    seams = smoothstep(0.03, 0.0, np.abs((z * 1.05 + 40) % 1 - 0.5))
    wood = tones("5b3519", "9c6a38", 0.5 + 0.5 * grain + 0.25 * fbm(x * 3, z * 3, 3, 5))
    paint(TABLE, wood * (1 - 0.7 * seams)[:, None], 0.22, 0.12 * grain)
    plaster = fbm(x * 0.9, y * 0.9, 6, 11)
    cracks = smoothstep(0.05, 0.0, np.abs(fbm(x * 0.7 + 3, y * 0.7, 5, 17))) * smoothstep(
        0.0, 0.4, plaster + 0.1
    )
    paint(
        WALL,
        tones("5f6a62", "a09a80", 0.5 + 1.1 * plaster) * (1 - 0.22 * cracks)[:, None],
        0.02,
        0.5 * plaster,
    )
    ring = np.sin(y * 46) * 0.5
    glaze = smoothstep(
        1.0, 1.16, y + 0.10 * perlin(x * 3, z * 3 + y, 6) + 0.04 * np.sin(9 * np.arctan2(z - 0.5, x + 1.32))
    )
    clay = tones("7c4a2c", "a8683e", 0.5 + solid(p * 2.5, 4, 8))
    enamel = tones("1f4a63", "3f7f93", 0.5 + solid(p * 3.0, 3, 9))
    paint(JUG, clay + (enamel - clay) * glaze[:, None], 0.5, 0.05 * ring * (1 - glaze))
    bands = smoothstep(0.035, 0.02, np.abs(y - 0.54)) + smoothstep(0.02, 0.01, np.abs(y - 0.44))
    motif = smoothstep(0.1, 0.3, np.sin(16 * np.arctan2(z - 0.72, x - 0.62))) * smoothstep(
        0.06, 0.04, np.abs(y - 0.31)
    )
    paint(BOWL, tones("e6dcc6", "2f4f86", np.clip(bands + motif, 0, 1)), 0.6)
    red = 0.55 + 0.9 * solid(p * 1.4, 3, 12) + 0.25 * perlin(np.arctan2(z, x) * 14, y * 1.5, 13)
    flecks = smoothstep(0.35, 0.55, solid(p * 22, 1, 14)) * 0.35
    paint(APPLE, tones("d9b545", "a31f1d", red - flecks), 0.5)
    paint(
        PEAR,
        tones("8f9a35", "d9b254", 0.5 + 0.9 * solid(p * 1.7, 4, 15)) * (1 - flecks)[:, None],
        0.28,
        0.02 * flecks,
    )
    paint(LEMON, tones("e0a91c", "f2d04a", 0.5 + solid(p * 2, 3, 16)), 0.32, 0.10 * solid(p * 16, 1, 17))
    weave = 0.5 * np.sin(x * 150) * np.sin(z * 150)
    stripe = smoothstep(0.32, 0.28, np.abs((x * 0.8 - z * 0.5 + 20) % 1.1 - 0.55) * 3.2)
    linen = tones("ddd2bb", "efe8d8", 0.5 + fbm(x * 4, z * 4, 3, 18))
    paint(
        CLOTH, linen + (linear(palette("a8423a")[0]) - linen) * (0.75 * stripe)[:, None], 0.02, 0.05 * weave
    )
    paint(STEM, linear(palette("4a3018")[0]), 0.05)
    bloom = smoothstep(-0.1, 0.5, solid(p * 4, 3, 19))
    paint(GRAPE, tones("2a1230", "5f4a78", bloom * 0.7), 0.45)
    return albedo, gloss, bump


def shade(origin: Array, direction: Array) -> Array:
    """Linear light along rays from the eye."""
    t = march(origin, direction, far=16.0, steps=110)
    p = origin + direction * t[:, None]
    kind = np.argmin(np.stack([d for _, d in parts(p)]), axis=0)
    normal = slope(p)
    albedo, gloss, bump = material(kind, p)
    # Roughness tilts the normal along the noise's own change.
    tilt = np.stack([perlin(p[:, 0] * 30, p[:, 1] * 30 + p[:, 2] * 30, s) for s in (1, 2, 3)], axis=1)
    normal = unit(normal + tilt * np.abs(bump)[:, None] * 0.5)
    to_lamp = LAMP - p
    reach = np.linalg.norm(to_lamp, axis=1).astype(np.float32)
    towards = (to_lamp / reach[:, None]).astype(np.float32)
    facing = np.clip(np.einsum("ij,ij->i", normal, towards), 0, 1)
    start = p + normal * 0.012
    seen = soft_shadow(start, towards, reach - 1) * (facing > 0)
    open_air = occlusion(p, normal)
    # The window's edge throws a slanting shadow on the wall.
    slant = smoothstep(3.3, 1.6, p[:, 1] * 0.95 + p[:, 0] * 0.5)
    patch = np.where(kind == WALL, 0.4 + 0.75 * slant, 1.0)
    fall = (7.6 / reach) ** 2 * patch
    key = 2.7 * (facing * seen * fall)[:, None] * WARM
    cool = (0.5 + 0.5 * normal[:, 1]) * open_air
    fill = cool[:, None] * np.array([0.13, 0.16, 0.21], np.float32)
    bounce = (np.clip(-normal[:, 1] * 0.5 + 0.35, 0, 1) * open_air)[:, None] * np.array(
        [0.13, 0.085, 0.05], np.float32
    )
    half = unit(towards - direction)
    highlight = np.clip(np.einsum("ij,ij->i", normal, half), 0, 1)
    edge = (1 - np.clip(-np.einsum("ij,ij->i", normal, direction), 0, 1)) ** 4
    shine = gloss * seen * (1.5 * highlight**90 + 0.22 * highlight**14)
    mirror = 0.22 * gloss * edge * open_air
    light = albedo * (key + fill + bounce) + shine[:, None] * WARM * 1.6
    return np.asarray(light + mirror[:, None] * np.array([0.7, 0.8, 0.9], np.float32), np.float32)


def draw(longest: int = LONGEST, seed: int = 1) -> Array:
    """A still life in window light: jug, bowl, fruit and a striped cloth before an old wall."""
    size = shape(longest, 1.25)
    fine = (size[0] * SAMPLES, size[1] * SAMPLES)
    eye = np.array([0.35, 2.75, -7.4], np.float32)
    directions = rays(fine, eye, np.array([0.05, 0.92, 0.2], np.float32), 34)
    light = np.empty_like(directions)
    for band in np.array_split(np.arange(len(directions)), max(1, len(directions) // 12_000)):
        light[band] = shade(np.broadcast_to(eye, (len(band), 3)).astype(np.float32), directions[band])
    picture = shrink(film(light.reshape(*fine, 3), 0.95), size)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    vignette = 1 - 0.22 * smoothstep(0.5, 1.5, np.hypot(x, y))
    picture = picture * vignette[..., None] + rng.normal(0, 0.008, (*size, 1))
    return np.clip(picture, 0, 1).astype(np.float32)


if __name__ == "__main__":
    main(draw, "content/still_life.jpg")
