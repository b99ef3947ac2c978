"""Evaluation tile by tile: the losses and the gradient of the whole picture, in two passes over its tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.losses import temporal
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import too_small
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tile_graphs import tile_fields
from nst_onnx.objective.tiles.bands import Bands
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses
from nst_onnx.objective.tiles.pixel_losses import PixelLoss
from nst_onnx.objective.tiles.position_weights import PositionWeights
from nst_onnx.objective.tiles.statistic_losses import Sums, statistic_losses
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


class TiledEvaluation:
    """An `Evaluation` in tiles. Pictures are 3×H×W, in memory or memory-mapped."""

    def __init__(
        self,
        network: Network,
        terms: Terms,
        layout: Layout,
        masks: Masks | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`masks`: H×W, the weights of pixels. `on_disk`: whether large arrays are memory-mapped.

        Raises GraphError where the network's receptive field is not bounded.
        """
        self._terms, self.layout, self._on_disk = terms, layout, on_disk
        passes = TilePasses(network, terms, layout)
        fields = tile_fields(network.extractor, terms)
        self._weights = PositionWeights(
            layout, fields, passes.features, passes.congruent, terms.weightings, masks, on_disk=on_disk
        )
        self._bands = Bands(passes, layout, self._weights)
        self._pixel_losses = {term.name: PixelLoss(term.loss) for term in terms.pictures}
        self._inputs: dict[str, Array] = {}  # of the losses on pixels
        self._targets: Sums = {}
        self._factors: dict[str, float] = {}
        self._gradient: Array

    def statistics(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {term: the statistic of a picture}, for every loss that compares statistics.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """
        self._check(label)
        sums, positions = self._sums(picture), self._positions()
        return {
            term.name: (sums[term.name] / positions[term.weighting.name]).astype(np.float32)
            for term in self._terms.statistics
        }

    def set_content(self, picture: Array, label: str) -> dict[str, float]:
        """Set the target of the losses that compare with the content. Return {term: its energy}.

        Raises PictureError as `statistics` does.
        """
        self._check(label)
        energies: dict[str, float] = {}
        for band, rows in self._rows(picture) if self._terms.positionwise else ():
            for name, part in self._bands.set_content(rows, band, on_disk=self._on_disk).items():
                energies[name] = energies.get(name, 0.0) + part
        return energies

    def maps(self, picture: Array) -> Iterator[MapPart]:
        """Yield the maps of a picture, tile by tile, for the losses whose target is matched."""
        for band, rows in self._rows(picture):
            yield from self._bands.maps(rows, band)

    def set_matches(self, matches: Matches) -> None:
        """Set the target of these losses."""
        self._bands.matches = matches

    def set_previous_frame(self, warped: Array, trust: Array) -> None:
        """Set the target of the temporal loss, 3×H×W, and the trust in it, H×W."""
        self._inputs |= {temporal.TARGET: warped, temporal.TRUST: trust[None]}

    def feature_shape(self, source: str) -> tuple[int, int, int]:
        """Return (C, h, w) of features."""
        return self._weights.shapes[source]

    def positions(self, weighting: str) -> float:
        """Return the sum of a weighting; without a mask, how many positions there are."""
        return self._weights.positions(weighting)

    def set_targets(self, statistics: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {term: target statistic}, and {term: factor on its distance} of all terms."""
        self._targets = {name: target.astype(np.float64) for name, target in statistics.items()}
        self._factors = dict(coefficients)
        self._gradient = disk_arrays.empty((3, *self.layout.shape), on_disk=self._on_disk)

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""
        sums, names = self._sums(picture), [term.name for term in self._terms.positionwise]
        losses, derivatives = statistic_losses(
            self._terms.statistics, sums, self._targets, self._factors, self._positions()
        )
        self._bands.passes.set_derivatives(derivatives, self._factors)
        losses |= dict.fromkeys([*names, *self._pixel_losses], 0.0)
        for band in self._cleared_bands():
            for name, loss in self._pixel_losses.items():
                factor, own = self._factors[name], self.layout.own_rows(band)
                losses[name] += factor * loss.add(picture, self._gradient, factor, own, self._inputs)
        for band, rows in self._rows(picture):
            some, gradient = self._bands.gradient(rows, band)
            for name, value in zip(names, some, strict=True):
                losses[name] += float(value)
            self._gradient[:, self.layout.rows(band)] += gradient
            disk_arrays.release(self._gradient)
        return np.array([losses[name] for name in self._terms.names], np.float32), self._gradient

    def _sums(self, picture: Array) -> Sums:
        """Return {term: the statistic's sum over positions}."""
        sums: Sums = {}
        for band, rows in self._rows(picture) if self._terms.statistics else ():
            for name, part in self._bands.statistics(rows, band).items():
                sums[name] = sums[name] + part if name in sums else part
        return sums

    def _positions(self) -> dict[str, float]:
        names = [weighting.name for weighting in self._terms.weightings]
        return {name: self._weights.positions(name) for name in names}

    def _rows(self, picture: Array) -> Iterator[tuple[int, Array]]:
        """Yield each band with the rows that its windows cover."""
        for band in range(len(self.layout.bands)):
            rows = np.ascontiguousarray(picture[:, self.layout.rows(band)])
            disk_arrays.release(picture)
            yield band, rows

    def _cleared_bands(self) -> Iterator[int]:
        """Yield each band; the gradient of its rows and of the next band's has been cleared by then."""
        rows = [self.layout.own_rows(band) for band in range(len(self.layout.bands))]
        self._gradient[:, rows[0]] = 0
        for band, below in enumerate([*rows[1:], slice(0, 0)]):
            self._gradient[:, below] = 0
            yield band
            disk_arrays.release(self._gradient)

    def _check(self, label: str) -> None:
        if min(min(shape[1:]) for shape in self._weights.shapes.values()) < 1:
            raise too_small(label, self.layout.shape)
