"""Guides: how much each position of a layer belongs to a region of the picture.

Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer" (arXiv:1611.07865), section 4.1,
multiply features by a guide T_r and compare one Gram matrix a region. Their two guides:

- plain: the region's mask at the layer's size. Positions near the border see other regions, too.
- inside: the least of the mask within the position's receptive field. What a region is compared in depends on
  its own pixels alone, and its gradient is zero outside; but along the border deep layers compare nothing.

Here a guide is the square of theirs: the weight of a position in the mean that a statistic is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from nst_onnx.graph import Graph
from nst_onnx.graph.receptive_field import AxisField, ReceptiveField
from nst_onnx.objective.terms import MASK, TOGETHER
from nst_onnx.runtime import Device, Session, open_session
from nst_onnx.support.arrays import Array

Guides = Literal["inside", "plain"]
WIDE = 0.25
"""A region is wide enough for a layer where its guide "inside" keeps this share of the plain one."""


@dataclass(frozen=True, eq=False)
class Masks:
    """Weights of pixels, H×W in 0..1. `opacity`: in every term, None: all are 1. `regions`: by name.

    `factors`: {region: factor on its losses}, for terms that all regions share. `guides`: plain, or inside
    where a region is wide enough.
    """

    opacity: Array | None = None
    regions: Mapping[str, Array] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    guides: Guides = "inside"

    def shares(self) -> dict[str, float]:
        """Return {region: its share of the visible picture}."""
        seen = {name: self.of_pixels(name) for name in self.regions}
        pixels = next(iter(self.regions.values())).size if self.opacity is None else self.opacity.sum()
        whole = max(float(pixels), 1e-6)
        return {
            name: float(np.sum(mask, dtype=np.float64)) / whole
            for name, mask in seen.items()
            if mask is not None
        }

    def weight_together(self) -> float:
        """Return the mean factor of all visible pixels, 0 where no region is."""
        return sum(self.factors[name] * share for name, share in self.shares().items())

    def of_pixels(self, region: str) -> Array | None:
        """Return the weights of pixels in a region, H×W; "" for the whole picture. None: all are 1."""
        if not region:
            return self.opacity
        mask = self.regions[region]
        return mask if self.opacity is None else mask * self.opacity

    def labels(self, shape: tuple[int, int]) -> npt.NDArray[np.int32]:
        """Return the number of the region that each position of a grid h×w belongs to most."""
        resize = resizer()
        every = np.stack([resized(resize, mask, shape) for mask in self.regions.values()])
        found: npt.NDArray[np.int32] = every.argmax(0).astype(np.int32)
        return found

    def at(self, region: str, shape: tuple[int, int], seen: ReceptiveField | None) -> Array | None:
        """Return the weights h×w of a layer's positions in a region; "" for all. None: all are 1.

        `seen`: the layer's receptive field; None where it has no bound.
        """
        resize = resizer()
        opacity = None if self.opacity is None else resized(resize, self.opacity, shape)
        if not region:
            return opacity
        if region == TOGETHER:
            pixels = sum(factor * self.regions[name] for name, factor in self.factors.items())
            weights = resized(resize, np.asarray(pixels, np.float32), shape)
            return weights if opacity is None else weights * opacity
        guide, _ = guide_of(self.regions[region], shape, seen, self.guides)
        return guide if opacity is None else guide * opacity


def guide_of(
    mask: Array, shape: tuple[int, int], seen: ReceptiveField | None, guides: Guides
) -> tuple[Array, bool]:
    """Return a region's guide h×w at a layer, and whether it is the guide "inside"."""
    plain = resized(resizer(), mask, shape)
    if seen is None or guides == "plain":
        return plain, False
    inner = inside(mask, shape, seen)
    if float(inner.sum(dtype=np.float64)) < WIDE * float(plain.sum(dtype=np.float64)):
        return plain, False
    return inner, True


def inside(mask: Array, shape: tuple[int, int], seen: ReceptiveField) -> Array:
    """Return the least of a mask H×W within the receptive field of each position, h×w.

    Pixels beyond the picture's edge are in no region, and do not count.
    """
    rows = _least(np.asarray(mask, np.float32), seen[0], shape[0])
    return np.ascontiguousarray(_least(np.ascontiguousarray(rows.T), seen[1], shape[1]).T)


def _least(values: Array, axis: AxisField, count: int) -> Array:
    """Return the least of the rows p·stride + first … p·stride + last, for `count` positions p."""
    length = axis.last - axis.first + 1
    before = max(0, -axis.first)
    after = max(0, (count - 1) * axis.stride + axis.last + 1 - len(values))
    running = np.pad(values, ((before, after), (0, 0)), constant_values=1)
    reached = 1
    while 2 * reached <= length:  # the least of 1, 2, 4 … rows
        running = np.minimum(running[:-reached], running[reached:])
        reached *= 2
    first = np.arange(count) * axis.stride + axis.first + before
    found: Array = np.minimum(running[first], running[first + length - reached])
    return found


@cache
def resizer() -> Session:
    """Return the model that resizes a mask to a layer's features, as the graph of a whole picture does."""
    g = Graph()
    g.input(MASK, [1, 1, None, None])
    g.input("size", [2], 7)
    sizes = g.op("Concat", g.ints(1, 1), "size", axis=0)
    g.output(
        "resized",
        g.op("Resize", MASK, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel"),
    )
    return open_session(g.model(), Device("cpu"))


def resized(session: Session, mask: Array, shape: tuple[int, int]) -> Array:
    """Return a mask H×W at another size; the mask itself where it has that size."""
    if mask.shape == shape:
        return mask
    size: npt.NDArray[np.int64] = np.asarray(shape, np.int64)
    feeds: dict[str, npt.NDArray[np.float32] | npt.NDArray[np.int64]] = {
        MASK: np.ascontiguousarray(mask[None, None]),
        "size": size,
    }
    found: Array = session.run(feeds, ["resized"])["resized"][0, 0]
    return found
