"""Evaluation of losses and gradient: whole in one graph, in tiles, or in shards on several machines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Protocol

from nst_onnx.errors import OptionError
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tiles.layout import Layout, halos, layout
from nst_onnx.objective.tiles.memory_model import cached_pixels, tile_pixels
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_SPREAD = 1 << 20  # most pixels of a tile in shards, so that there are many bands to distribute


class Evaluation(Protocol):
    """Losses and gradient of pictures of one size, 3×H×W, RGB, 0..1. Targets are measured and set first."""

    def statistics(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {term: the statistic of a picture}, for every loss that compares statistics.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """

    def set_content(self, picture: Array, label: str) -> dict[str, float]:
        """Set the target of the losses that compare with the content. Return {term: its energy}.

        Raises PictureError as `statistics` does.
        """

    def set_previous_frame(self, warped: Array, trust: Array) -> None:
        """Set the target of the temporal loss, 3×H×W, and the trust in it, H×W."""

    def maps(self, picture: Array) -> Iterator[MapPart]:
        """Yield the maps of a picture, part by part, for the losses whose target is matched."""

    def set_matches(self, matches: Matches) -> None:
        """Set the target of these losses. Allowed at any time after `set_targets`."""

    def feature_shape(self, source: str) -> tuple[int, int, int]:
        """Return (C, h, w) of features, once something has been measured."""

    def positions(self, weighting: str) -> float:
        """Return the sum of a weighting; without a mask, how many positions there are."""

    def set_targets(self, statistics: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {term: target statistic}, and {term: factor on its distance} of all terms."""

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""


def evaluation(
    network: Network,
    terms: Terms,
    shape: tuple[int, int],
    masks: Masks,
    memory: Memory,
    team: Team | None = None,
) -> Evaluation:
    """Return the evaluation of pictures of `shape` that fits into `memory`, in shards with a `team`.

    `masks`: H×W, the weights of pixels. Raises GraphError where tiles are required and the network's
    receptive field is not bounded, OptionError where not even a tile has room.
    """
    height, width = (side + 2 * terms.margin for side in shape)
    size = 12 * shape[0] * shape[1]
    if team is not None:
        each = Memory(min(memory.limit, team.memory))
        shared = shared_layout(shape, terms, network, tile_pixels(network, terms, each), team.size)
        if shared is not None:
            on_disk = not each.holds(size // team.size)
            return ShardedEvaluation(team, network, terms, shared, masks, on_disk=on_disk)
    pixels = tile_pixels(network, terms, memory)
    if height * width <= pixels:
        return WholeEvaluation(network, terms, shape, masks)
    if network.extractor.periodic:
        raise OptionError(
            f"there is not enough memory for a seamless texture of {shape[1]}×{shape[0]} pixels",
            "choose a smaller size: it cannot be computed in tiles",
        )
    around = halos(network.extractor, terms)
    if not network.device.backend.gpu:
        pixels = min(pixels, cached_pixels(around))
    tiles = layout(shape, terms.margin, pixels, around)
    return TiledEvaluation(network, terms, tiles, masks, on_disk=not memory.holds(size))


def shared_layout(
    shape: tuple[int, int], terms: Terms, network: Network, pixels: int, shards: int
) -> Layout | None:
    """Return the tiles of a picture in shards, at most `pixels` each; None where it is too small."""
    most = min(pixels, _SPREAD)
    if math.prod(side + 2 * terms.margin for side in shape) <= most:
        return None
    around = halos(network.extractor, terms)
    tiles = layout(shape, terms.margin, most, around)
    if len(tiles.bands) >= shards:
        return tiles
    try:
        return layout(shape, terms.margin, pixels, around, shards)
    except OptionError:  # the picture is not high enough
        return None
