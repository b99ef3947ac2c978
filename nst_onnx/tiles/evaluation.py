"""The losses of a whole picture and their gradient, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from nst_onnx import scratch
from nst_onnx.losses.assemble import Terms
from nst_onnx.losses.tile import tile_fields
from nst_onnx.network import Network
from nst_onnx.tiles.band import Bands, Sums
from nst_onnx.tiles.counting import Counting
from nst_onnx.tiles.layout import Layout
from nst_onnx.tiles.tile import TilePasses
from nst_onnx.tiles.variation import Variation

Array = npt.NDArray[np.float32]


class Tiled:
    """A picture's tiles, all in this process. Pictures are 3×H×W, RGB, 0..1, in memory or on disk."""

    def __init__(self, network: Network, terms: Terms, layout: Layout, mask: Array | None = None) -> None:
        """`mask`: H×W, how much each pixel counts. Raises GraphError where tiles cannot be exact."""
        self.terms, self.layout = terms, layout
        passes = TilePasses(network, terms, layout.window)
        self.counting = Counting(layout, tile_fields(network.extractor, terms), passes.features, mask)
        self._bands = Bands(passes, layout, self.counting)
        self._variation = Variation(terms.tv) if terms.tv else None
        self._targets: Mapping[str, npt.NDArray[np.float64]] = {}
        self._factors: dict[str, float] = {}

    def grams(self, picture: Array) -> Sums:
        """Return {layer: C×C}: the picture's Gram matrices per position."""
        sums: Sums = {}
        for band, rows in self._rows(picture):
            for layer, share in self._bands.statistics(rows, band).items():
                sums[layer] = sums[layer] + share if layer in sums else share
        return {layer: total / self.counting.positions(layer) for layer, total in sums.items()}

    def keep_content(self, picture: Array, *, on_disk: bool) -> dict[str, float]:
        """Make a picture the content, and return {layer: the sum of its features' squares}."""
        energy = dict.fromkeys(self.terms.content, 0.0)
        for band, rows in self._rows(picture):
            for layer, part in self._bands.keep_content(rows, band, on_disk=on_disk).items():
                energy[layer] += part
        return energy

    def aim(self, targets: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {layer: the style's Gram matrix per position}, and {term: factor on its squared differences}."""
        self._targets = {layer: target.astype(np.float64) for layer, target in targets.items()}
        self._factors = dict(coefficients)

    def evaluate(self, picture: Array, gradient: Array) -> Array:
        """Return the losses in the order of the terms' names; write their gradient, 3×H×W, to `gradient`."""
        losses = {}
        pulls = {}
        for layer, gram in (self.grams(picture) if self.terms.style else {}).items():
            factor = self._factors[f"style/{layer}"]
            difference = gram - self._targets[layer]
            losses[f"style/{layer}"] = factor * float(np.square(difference).sum())
            scale = 2 * factor / self.counting.positions(layer)
            pulls[layer] = (scale * difference).astype(np.float32)
        names = [f"content/{layer}" for layer in self.terms.content]
        self._bands.passes.pull(pulls, np.array([self._factors[n] for n in names], np.float32))
        losses |= dict.fromkeys(names, 0.0)
        for part in scratch.strips(self.layout.shape[0], 12 * self.layout.shape[1]):
            gradient[:, part] = 0
            scratch.release(gradient)
        for band, rows in self._rows(picture):
            some, slope = self._bands.gradient(rows, band)
            for name, loss in zip(names, some, strict=True):
                losses[name] += float(loss)
            gradient[:, self.layout.rows(band)] += slope
            scratch.release(gradient)
        if self._variation:
            factor = self._factors["tv"]
            losses["tv"] = factor * self._variation.add(picture, gradient, factor, self.layout)
        return np.array([losses[name] for name in self.terms.names], np.float32)

    def _rows(self, picture: Array) -> Iterator[tuple[int, Array]]:
        """Yield each band with the rows that it sees."""
        for band in range(len(self.layout.bands)):
            rows = np.ascontiguousarray(picture[:, self.layout.rows(band)])
            scratch.release(picture)
            yield band, rows
