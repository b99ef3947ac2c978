"""The losses of a picture and their gradient, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.tile_graphs import tile_fields
from nst_onnx.objective.tiles.bands import Bands, Sums
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses
from nst_onnx.objective.tiles.pixel_losses import Before, Variation
from nst_onnx.objective.tiles.position_weights import Counting
from nst_onnx.objective.whole import too_small
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


class Tiled:
    """A picture of one size, as `objective.whole.Whole`. Pictures are 3×H×W, in memory or on disk."""

    def __init__(
        self,
        network: Network,
        terms: Terms,
        layout: Layout,
        mask: Array | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`mask`: H×W, how much each pixel counts. `on_disk`: where what is as large as a picture goes.

        Raises GraphError where the network's features cannot be had by tiles.
        """
        self._terms, self.layout, self._on_disk = terms, layout, on_disk
        passes = TilePasses(network, terms, layout.window)
        fields = tile_fields(network.extractor, terms)
        self._counting = Counting(layout, fields, passes.features, mask, on_disk=on_disk)
        self._bands = Bands(passes, layout, self._counting)
        self._on_pixels: dict[str, Variation | Before] = {}
        if terms.tv:
            self._on_pixels["tv"] = Variation(terms.tv)
        self._targets: dict[str, npt.NDArray[np.float64]] = {}
        self._factors: dict[str, float] = {}
        self._gradient: Array

    def grams(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {layer: C×C}: the picture's Gram matrices per position.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """
        self._check(label)
        return {layer: gram.astype(np.float32) for layer, gram in self._grams(picture).items()}

    def keep_content(self, picture: Array, label: str) -> dict[str, float]:
        """Make a picture the content, and return {layer: the sum of its features' squares}.

        Raises PictureError as `grams` does.
        """
        self._check(label)
        energy = dict.fromkeys(self._terms.content, 0.0)
        for band, rows in self._rows(picture) if energy else ():
            for layer, part in self._bands.keep_content(rows, band, on_disk=self._on_disk).items():
                energy[layer] += part
        return energy

    def keep_before(self, warped: Array, trust: Array) -> None:
        """Hold the picture to the frame before: 3×H×W, and H×W how far it can be trusted."""
        self._on_pixels["temporal"] = Before(warped, trust)

    def features(self, layer: str) -> tuple[int, int, int]:
        """Return (C, h, w) of a layer."""
        return self._counting.shapes[layer]

    def aim(self, targets: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {layer: the style's Gram matrix}, and {term: the factor on its squared differences}."""
        self._targets = {layer: target.astype(np.float64) for layer, target in targets.items()}
        self._factors = dict(coefficients)
        self._gradient = disk_arrays.empty((3, *self.layout.shape), on_disk=self._on_disk)

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""
        grams, positions = self._grams(picture), {n: self._counting.positions(n) for n in self._terms.style}
        losses, pulls = style_losses(grams, self._targets, self._factors, positions)
        names = [f"content/{layer}" for layer in self._terms.content]
        self._bands.passes.pull(pulls, np.array([self._factors[n] for n in names], np.float32))
        losses |= dict.fromkeys([*names, *self._on_pixels], 0.0)
        for band in self._clear():
            for name, pixels in self._on_pixels.items():
                factor, own = self._factors[name], self.layout.own_rows(band)
                losses[name] += factor * pixels.add(picture, self._gradient, factor, own)
        for band, rows in self._rows(picture):
            some, slope = self._bands.gradient(rows, band)
            for name, loss in zip(names, some, strict=True):
                losses[name] += float(loss)
            self._gradient[:, self.layout.rows(band)] += slope
            disk_arrays.release(self._gradient)
        return np.array([losses[name] for name in self._terms.names], np.float32), self._gradient

    def _grams(self, picture: Array) -> Sums:
        sums: Sums = {}
        for band, rows in self._rows(picture) if self._terms.style else ():
            for layer, share in self._bands.statistics(rows, band).items():
                sums[layer] = sums[layer] + share if layer in sums else share
        return {layer: total / self._counting.positions(layer) for layer, total in sums.items()}

    def _rows(self, picture: Array) -> Iterator[tuple[int, Array]]:
        """Yield each band with the rows that it sees."""
        for band in range(len(self.layout.bands)):
            rows = np.ascontiguousarray(picture[:, self.layout.rows(band)])
            disk_arrays.release(picture)
            yield band, rows

    def _clear(self) -> Iterator[int]:
        """Yield the bands, the gradient being zero from each on."""
        rows = [self.layout.own_rows(band) for band in range(len(self.layout.bands))]
        self._gradient[:, rows[0]] = 0
        for band, below in enumerate([*rows[1:], slice(0, 0)]):
            self._gradient[:, below] = 0
            yield band
            disk_arrays.release(self._gradient)

    def _check(self, label: str) -> None:
        if min(min(shape[1:]) for shape in self._counting.shapes.values()) < 1:
            raise too_small(label, self.layout.shape)


def style_losses(
    grams: Sums, targets: Sums, factors: Mapping[str, float], positions: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, Array]]:
    """Return the style's losses, and {layer: their derivative with respect to the sum over positions}.

    `grams` and `targets`: Gram matrices per position; `positions`: how many there are.
    """
    losses, pulls = {}, {}
    for layer, gram in grams.items():
        factor, difference = factors[f"style/{layer}"], gram - targets[layer]
        losses[f"style/{layer}"] = factor * float(np.square(difference).sum())
        pulls[layer] = (2 * factor / positions[layer] * difference).astype(np.float32)
    return losses, pulls
