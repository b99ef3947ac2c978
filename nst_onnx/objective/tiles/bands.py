"""Bands: rows of tiles. A process evaluates one at a time, from the picture's rows that its windows cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses, zeros
from nst_onnx.objective.tiles.position_weights import PositionWeights
from nst_onnx.objective.tiles.statistic_losses import Sums
from nst_onnx.objective.tiles.window import add_gradient, window
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers


class Bands:
    """Evaluates the bands of a picture one by one, and holds the content's maps in their cores.

    `matches`: the matched style positions, for losses whose target they are.
    """

    matches: Matches | None = None

    def __init__(self, passes: TilePasses, layout: Layout, weights: PositionWeights) -> None:
        self.passes, self.layout, self.weights = passes, layout, weights
        self._targets: dict[tuple[int, int], dict[str, Array]] = {}

    def statistics(self, rows: Array, band: int) -> Sums:
        """Return the band's part {term: sum} of the statistics. `rows`: those of `layout.rows`."""
        sums: Sums = {}
        for column in range(len(self.layout.columns)):
            found = self._statistics(rows, band, column)
            for term in self.passes.terms.statistics:
                part = found[term.name].astype(np.float64)
                sums[term.name] = sums[term.name] + part if term.name in sums else part
        return sums

    def set_content(self, rows: Array, band: int, *, on_disk: bool) -> dict[str, float]:
        """Store the content's maps as targets, and return {term: the band's part of their energy}."""
        terms = [term for term in self.passes.terms.positionwise if term.loss.target == "content"]
        energies = {term.name: 0.0 for term in terms}
        for column in range(len(self.layout.columns)):
            found = self._statistics(rows, band, column)
            stored = {}
            for term in terms:
                inside, _ = self.weights.core(term.source, band, column)
                core = found[term.name][:, *inside]
                target = stored[term.name] = disk_arrays.empty(core.shape, on_disk=on_disk)
                target[...] = core
                disk_arrays.release(target)
                energies[term.name] += term.loss.energy(core)
            self._targets[band, column] = stored
        return energies

    def maps(self, rows: Array, band: int) -> Iterator[MapPart]:
        """Yield the maps in the cores of the band's tiles, for the losses whose target is matched."""
        for column in range(len(self.layout.columns)):
            found, roots = self._statistics(rows, band, column), self.weights.roots(band, column)
            maps, weights, corners = {}, {}, {}
            for term in self.passes.terms.matched:
                inside, (down, across) = self.weights.core(term.source, band, column)
                maps[term.name] = found[term.name][:, *inside].copy()
                weights[term.name] = roots[term.weighting.name][inside]
                corners[term.name] = down.start, across.start
            yield MapPart(maps, weights, corners)

    def gradient(self, rows: Array, band: int) -> tuple[Numbers, Array]:
        """Return (losses of the positionwise terms, gradient of the rows) of the band's cores.

        `passes.set_derivatives` comes first.
        """
        losses = np.zeros(len(self.passes.terms.positionwise))
        gradient = np.zeros_like(rows)
        for column in range(len(self.layout.columns)):
            pixels, weights = self._window(rows, band, column)
            some, part = self.passes.gradient(pixels, weights, self._target(band, column))
            losses += some
            add_gradient(part, gradient, self.layout, band, column)
        return losses, gradient

    def _statistics(self, rows: Array, band: int, column: int) -> dict[str, Array]:
        return self.passes.statistics(*self._window(rows, band, column))

    def _window(self, rows: Array, band: int, column: int) -> tuple[Array, Mapping[str, Array]]:
        return window(rows, self.layout, band, column), self.weights.roots(band, column)

    def _target(self, band: int, column: int) -> dict[str, Array]:
        """Return the targets' maps in a tile's window, 0 outside its core."""
        targets: dict[str, Array] = {}
        stored = self._targets.get((band, column), {})
        for term in self.passes.terms.positionwise:
            target = targets[term.name] = zeros(*self.passes.features[term.source])
            inside, whole = self.weights.core(term.source, band, column)
            if term.name in stored:
                target[:, *inside] = stored[term.name]
                disk_arrays.release(stored[term.name])
            elif self.matches is not None:
                roots = self.weights.roots(band, column)[term.weighting.name]
                target[:, *inside] = self.matches.target(term.name, *whole) * roots[inside]
        return targets
