"""A row of tiles: what one process computes at a time, given the picture's rows that its windows see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses, zeros
from nst_onnx.objective.tiles.position_weights import Counting
from nst_onnx.objective.tiles.window import add_back, cut_out
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

Sums = dict[str, npt.NDArray[np.float64]]


class Bands:
    """The bands of a picture, computed one by one; keeps the content's features that they answer for."""

    def __init__(self, passes: TilePasses, layout: Layout, counting: Counting) -> None:
        self.passes, self.layout, self.counting = passes, layout, counting
        self._targets: dict[tuple[int, int], dict[str, Array]] = {}

    def statistics(self, rows: Array, band: int) -> Sums:
        """Return the band's share {layer: C×C} of the Gram matrices' sums. `rows`: as `layout.rows` says."""
        found: Sums = {}
        for column in range(len(self.layout.columns)):
            shares = self._statistics(rows, band, column)
            for layer in self.passes.terms.style:
                share = shares[f"style/{layer}"].astype(np.float64)
                found[layer] = found[layer] + share if layer in found else share
        return found

    def keep_content(self, rows: Array, band: int, *, on_disk: bool) -> dict[str, float]:
        """Keep the content's features as targets, and return {layer: the sum of their squares}."""
        energy = dict.fromkeys(self.passes.terms.content, 0.0)
        for column in range(len(self.layout.columns)):
            shares = self._statistics(rows, band, column)
            kept = {}
            for layer in energy:
                within, _ = self.counting.core(layer, band, column)
                core = shares[f"content/{layer}"][:, *within]
                kept[layer] = disk_arrays.empty(core.shape, on_disk=on_disk)
                kept[layer][...] = core
                disk_arrays.release(kept[layer])
                energy[layer] += float(np.square(core, dtype=np.float64).sum())
            self._targets[band, column] = kept
        return energy

    def gradient(self, rows: Array, band: int) -> tuple[npt.NDArray[np.float64], Array]:
        """Return (content losses, gradient of the rows) of what the band answers for, the pulls being set."""
        losses = np.zeros(len(self.passes.terms.content))
        slope = np.zeros_like(rows)
        for column in range(len(self.layout.columns)):
            seen, counted = self._seen(rows, band, column)
            targets = self._target(band, column)
            some, gradient = self.passes.gradient(seen, counted, targets)
            losses += some
            add_back(gradient, slope, self.layout, band, column)
        return losses, slope

    def _statistics(self, rows: Array, band: int, column: int) -> dict[str, Array]:
        return self.passes.statistics(*self._seen(rows, band, column))

    def _seen(self, rows: Array, band: int, column: int) -> tuple[Array, Mapping[str, Array]]:
        return cut_out(rows, self.layout, band, column), self.counting.counted(band, column)

    def _target(self, band: int, column: int) -> dict[str, Array]:
        """Return the content's features in a tile's window, 0 outside its core."""
        targets: dict[str, Any] = {}
        for layer, core in self._targets.get((band, column), {}).items():
            targets[layer] = zeros(*self.passes.features[layer])
            within, _ = self.counting.core(layer, band, column)
            targets[layer][:, *within] = core
            disk_arrays.release(core)
        return targets
