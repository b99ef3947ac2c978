"""One tile after another through the network: sessions bound once, for windows of one size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from nst_onnx.objective.graphs import COEFFICIENTS, GRADIENT, LOSSES, PICTURE, Terms
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.tile_graphs import feature_shapes
from nst_onnx.runtime import BoundSession
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import release_free_memory


class TilePasses:
    """The two passes of a tile. All windows are of one shape, (height, width), the margin included."""

    def __init__(self, network: Network, terms: Terms, window: tuple[int, int]) -> None:
        """Prepare nothing yet: each pass takes memory only once it is used."""
        self.terms, self.window = terms, window
        self.features = feature_shapes(network.extractor, terms, window)
        self._sessions = network.sessions(terms)

    def statistics(self, seen: Array, counted: Mapping[str, Array]) -> dict[str, Array]:
        """Return {"style/LAYER": C×C sum, "content/LAYER": C×h×w}: the tile's share.

        `seen`: the window, 3×h×w; `counted`: {layer: h×w}. The arrays are valid until the next call.
        """
        self._write(self._statistics, seen, counted)
        self._statistics.run()
        shares: dict[str, Array] = {
            f"style/{n}": self._statistics.read(f"style/{n}") for n in self.terms.style
        }
        return shares | {f"content/{n}": self._statistics.read(f"content/{n}")[0] for n in self.terms.content}

    def pull(self, pulls: Mapping[str, Array], coefficients: Array) -> None:
        """Set what the next gradients are of: {layer: C×C}, and a factor on each content layer's sum."""
        for layer in self.terms.style:
            self._gradient.write(f"pull/{layer}", pulls[layer])
        if self.terms.content:
            self._gradient.write(COEFFICIENTS, coefficients)

    def gradient(
        self, seen: Array, counted: Mapping[str, Array], targets: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Return (content losses, gradient 3×h×w), valid until the next call.

        `targets`: {layer: C×h×w}, the content's own share for this tile, 0 outside its core.
        """
        self._write(self._gradient, seen, counted)
        for layer in self.terms.content:
            self._gradient.write(f"target/content/{layer}", targets[layer][None])
        self._gradient.run()
        losses = self._gradient.read(LOSSES) if self.terms.content else np.zeros(0, np.float32)
        return losses, self._gradient.read(GRADIENT)[0]

    def _write(self, bound: BoundSession, seen: Array, counted: Mapping[str, Array]) -> None:
        bound.write(PICTURE, seen[None])
        for layer in self.terms.layers:
            bound.write(f"counted/{layer}", counted[layer][None, None])

    @cached_property
    def _statistics(self) -> BoundSession:
        outputs: dict[str, tuple[int, ...]] = {
            f"content/{n}": (1, *self.features[n]) for n in self.terms.content
        }
        outputs |= {f"style/{n}": (self._channels(n),) * 2 for n in self.terms.style}
        release_free_memory()
        return self._sessions.tile_statistics.bind(self._inputs(), outputs)

    @cached_property
    def _gradient(self) -> BoundSession:
        feeds = self._inputs()
        feeds |= {f"pull/{n}": zeros(self._channels(n), self._channels(n)) for n in self.terms.style}
        feeds |= {f"target/content/{n}": zeros(1, *self.features[n]) for n in self.terms.content}
        feeds[COEFFICIENTS] = zeros(len(self.terms.content))
        outputs: dict[str, Any] = {GRADIENT: (1, 3, *self.window)}
        if self.terms.content:
            outputs[LOSSES] = (len(self.terms.content),)
        release_free_memory()
        return self._sessions.tile_gradient.bind(feeds, outputs)

    def _inputs(self) -> dict[str, Array]:
        counted = {f"counted/{n}": zeros(1, 1, *self.features[n][1:]) for n in self.terms.layers}
        return {PICTURE: zeros(1, 3, *self.window), **counted}

    def _channels(self, layer: str) -> int:
        return self.features[layer][0]


def zeros(*shape: int) -> Array:
    """Return a new array of zeros."""
    return np.zeros(shape, np.float32)
