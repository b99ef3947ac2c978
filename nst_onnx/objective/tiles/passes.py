"""The two passes of a tile: statistics, then gradient. Sessions are bound once, for windows of one size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import COEFFICIENTS, GRADIENT, LOSSES, PICTURE, Terms
from nst_onnx.objective.tile_graphs import feature_shapes
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.runtime import BoundSession
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import release_free_memory


class TilePasses:
    """The two passes of a tile. All windows are of one shape, (height, width), the margin included.

    `features`: {source: (C, h, w)} in a window; `congruent`: in one without the layout's extension.
    """

    def __init__(self, network: Network, terms: Terms, layout: Layout) -> None:
        """Open no session: each takes memory from its first use on."""
        self.terms, self.window = terms, layout.window
        self.features = self.congruent = feature_shapes(network.extractor, terms, layout.window)
        if layout.extension:
            self.congruent = feature_shapes(network.extractor, terms, layout.congruent)
        self._sessions = network.sessions(terms)

    def statistics(self, window: Array, root_weights: Mapping[str, Array]) -> dict[str, Array]:
        """Return {term: the tile's part}: sums of statistics, maps C×h×w of positionwise losses.

        `window`: 3×h×w; `root_weights`: {weighting: h×w}. The arrays are valid until the next call.
        """
        self._write(self._statistics, window, root_weights)
        self._statistics.run()
        found: dict[str, Array] = {
            term.name: self._statistics.read(term.name) for term in self.terms.statistics
        }
        return found | {term.name: self._statistics.read(term.name)[0] for term in self.terms.positionwise}

    def set_derivatives(self, derivatives: Mapping[str, Array], factors: Mapping[str, float]) -> None:
        """Set what the next gradients depend on.

        `derivatives`: {term: that of the loss with respect to the statistic's sum}; `factors`: {term: factor
        on the distance}, of the positionwise terms.
        """
        for term in self.terms.statistics:
            self._gradient.write(f"derivative/{term.name}", derivatives[term.name])
        if self.terms.positionwise:
            coefficients = [factors[term.name] for term in self.terms.positionwise]
            self._gradient.write(COEFFICIENTS, np.array(coefficients, np.float32))

    def gradient(
        self, window: Array, root_weights: Mapping[str, Array], targets: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Return (losses of the positionwise terms, gradient 3×h×w), valid until the next call.

        `targets`: {term: C×h×w}, the targets' maps in this tile, 0 outside its core.
        """
        self._write(self._gradient, window, root_weights)
        for term in self.terms.positionwise:
            self._gradient.write(f"target/{term.name}", targets[term.name][None])
        self._gradient.run()
        losses = self._gradient.read(LOSSES) if self.terms.positionwise else np.zeros(0, np.float32)
        return losses, self._gradient.read(GRADIENT)[0]

    def _write(self, bound: BoundSession, window: Array, root_weights: Mapping[str, Array]) -> None:
        bound.write(PICTURE, window[None])
        for weighting in self.terms.weightings:
            bound.write(f"root_weights/{weighting.name}", root_weights[weighting.name][None, None])

    @cached_property
    def _statistics(self) -> BoundSession:
        release_free_memory()
        return self._sessions.tile_statistics.bind(self._inputs(), self._maps() | self._sums())

    @cached_property
    def _gradient(self) -> BoundSession:
        feeds = self._inputs()
        feeds |= {f"derivative/{name}": zeros(*shape) for name, shape in self._sums().items()}
        feeds |= {f"target/{name}": zeros(*shape) for name, shape in self._maps().items()}
        count = len(self.terms.positionwise)
        feeds[COEFFICIENTS] = zeros(count)
        outputs: dict[str, tuple[int, ...]] = {GRADIENT: (1, 3, *self.window)}
        if count:
            outputs[LOSSES] = (count,)
        release_free_memory()
        return self._sessions.tile_gradient.bind(feeds, outputs)

    def _inputs(self) -> dict[str, Array]:
        weights = {
            f"root_weights/{weighting.name}": zeros(1, 1, *self.features[weighting.source][1:])
            for weighting in self.terms.weightings
        }
        return {PICTURE: zeros(1, 3, *self.window), **weights}

    def _maps(self) -> dict[str, tuple[int, ...]]:
        """Return {positionwise term: shape of its map}."""
        return {term.name: (1, *self.features[term.source]) for term in self.terms.positionwise}

    def _sums(self) -> dict[str, tuple[int, ...]]:
        """Return {term: shape of its statistic}."""
        return {term.name: term.loss.shape(self.features[term.source][0]) for term in self.terms.statistics}


def zeros(*shape: int) -> Array:
    """Return a new array of zeros."""
    return np.zeros(shape, np.float32)
