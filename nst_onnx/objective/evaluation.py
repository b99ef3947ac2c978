"""How losses and gradient are computed: by one graph for the picture, or in tiles where that is too large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from nst_onnx.errors import OptionError
from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedPicture
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.tiles.layout import Layout, halos, layout
from nst_onnx.objective.tiles.memory_model import tile_pixels
from nst_onnx.objective.tiles.tiled import Tiled
from nst_onnx.objective.whole import Whole
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_SPREAD = 1 << 20  # pixels of a tile at most where a team shares a picture, so that there are many bands


class Evaluation(Protocol):
    """A picture of one size: its statistics, its losses and their gradient. Pictures are 3×H×W, RGB, 0..1."""

    def grams(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {layer: C×C}: the picture's Gram matrices per position."""

    def keep_content(self, picture: Array, label: str) -> dict[str, float]:
        """Make a picture the content, and return {layer: the sum of its features' squares}."""

    def keep_before(self, warped: Array, trust: Array) -> None:
        """Hold the picture to the frame before."""

    def features(self, layer: str) -> tuple[int, int, int]:
        """Return (C, h, w) of a layer, once something has been measured."""

    def aim(self, targets: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {layer: the style's Gram matrix}, and {term: the factor on its squared differences}."""

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient), valid until the next call."""


def evaluation(
    network: Network,
    terms: Terms,
    shape: tuple[int, int],
    mask: Array | None,
    memory: Memory,
    team: Team | None = None,
) -> Evaluation:
    """Return what evaluates pictures of `shape` within `memory`, or together with a `team` of processes.

    Raises GraphError where tiles are needed and the network has no bounded receptive field, OptionError
    where not even a tile has room.
    """
    height, width = (side + 2 * terms.margin for side in shape)
    size = 12 * shape[0] * shape[1]
    if team is not None:
        each = Memory(min(memory.limit, team.memory))
        shared = shared_layout(shape, terms, network, tile_pixels(network, terms, each), team.size)
        if shared is not None:
            spread = not each.holds(size // team.size)
            return ShardedPicture(team, network, terms, shared, mask, on_disk=spread)
    pixels = tile_pixels(network, terms, memory)
    if height * width <= pixels:
        return Whole(network, terms, shape, mask)
    tiles = layout(shape, terms.margin, pixels, halos(network.extractor, terms))
    return Tiled(network, terms, tiles, mask, on_disk=not memory.holds(size))


def shared_layout(
    shape: tuple[int, int], terms: Terms, network: Network, pixels: int, shards: int
) -> Layout | None:
    """Return the tiles of a picture to be shared, of so many pixels at most; None where it is too small."""
    most = min(pixels, _SPREAD)
    if math.prod(side + 2 * terms.margin for side in shape) <= most:
        return None
    reach = halos(network.extractor, terms)
    tiles = layout(shape, terms.margin, most, reach)
    if len(tiles.bands) >= shards:
        return tiles
    try:
        return layout(shape, terms.margin, pixels, reach, shards)
    except OptionError:  # not so many rows of tiles
        return None
