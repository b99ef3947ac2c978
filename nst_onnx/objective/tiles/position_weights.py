"""Weights of the positions of a feature map: 0 outside a tile's core and in the margin, else the masks'."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from nst_onnx.graph.receptive_field import ReceptiveField
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.terms import Weighting
from nst_onnx.objective.tiles.layout import Layout, Span
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


class PositionWeights:
    """For each layer: the whole picture's positions, and the weights of those in each tile's core."""

    def __init__(
        self,
        layout: Layout,
        fields: Mapping[str, ReceptiveField],
        features: Mapping[str, tuple[int, int, int]],
        congruent: Mapping[str, tuple[int, int, int]],
        weightings: Collection[Weighting] = (),
        masks: Masks | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`features`: (C, h, w) of each layer in a window, `congruent`: in one without the extension;
        `weightings`: those of the terms.

        `on_disk`: whether arrays as large as a mask are memory-mapped.
        """
        masks = masks or Masks()
        self._layout = layout
        self._strides = {layer: (rows.stride, columns.stride) for layer, (rows, columns) in fields.items()}
        self._local = {layer: shape[1:] for layer, shape in features.items()}
        last = layout.bands[-1].start, layout.columns[-1].start
        self.shapes: dict[str, tuple[int, int, int]] = {}
        """{layer: (C, h, w) of the whole picture's features, without the margin}"""
        for layer, (channels, *local) in congruent.items():
            sides = (
                begin // stride + n - 2 * (layout.margin // stride)
                for begin, stride, n in zip(last, self._strides[layer], local, strict=True)
            )
            height, width = sides
            self.shapes[layer] = channels, height, width
        self._layers = {weighting.name: weighting.source for weighting in weightings}
        self._positions: dict[str, float] = {}
        self._roots: dict[str, Array] = {}
        for weighting in weightings:
            _, height, width = self.shapes[weighting.source]
            weights = None
            if min(height, width) > 0:
                weights = masks.at(weighting.region, (height, width), fields[weighting.source])
            self._positions[weighting.name] = float(height * width)
            if weights is not None:
                root = self._roots[weighting.name] = disk_arrays.empty((height, width), on_disk=on_disk)
                self._positions[weighting.name] = _root(weights, root)

    def positions(self, weighting: str) -> float:
        """Return the sum of a weighting in the whole picture; without a mask, the number of positions."""
        return self._positions[weighting]

    def core(self, layer: str, band: int, column: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return the rows and columns of a tile's core: in its window, and in the whole picture."""
        spans = self._layout.bands[band], self._layout.columns[column]
        both = [
            _core(span, self._layout.margin, stride, n, whole, is_last)
            for span, stride, n, whole, is_last in zip(
                spans,
                self._strides[layer],
                self._local[layer],
                self.shapes[layer][1:],
                (band + 1 == len(self._layout.bands), column + 1 == len(self._layout.columns)),
                strict=True,
            )
        ]
        (rows, all_rows), (columns, all_columns) = both
        return (rows, columns), (all_rows, all_columns)

    def roots(self, band: int, column: int) -> dict[str, Array]:
        """Return {weighting: h×w}: the square root of each position's weight in a tile's window."""
        found = {}
        for name, layer in self._layers.items():
            weights = np.zeros(self._local[layer], np.float32)
            inside, whole = self.core(layer, band, column)
            root = self._roots.get(name)
            weights[inside] = 1 if root is None else root[whole]
            if root is not None:
                disk_arrays.release(root)
            found[name] = weights
        return found


def _root(mask: Array, root: Array) -> float:
    """Write the square root of a mask to `root`; return the mask's sum, at least 1e-6."""
    total = 0.0
    for rows in disk_arrays.strips(mask.shape[0], 4 * mask.shape[1]):
        np.sqrt(mask[rows], out=root[rows])
        total += float(mask[rows].sum(dtype=np.float64))
        disk_arrays.release(mask, root)
    return max(total, 1e-6)


def _core(span: Span, margin: int, stride: int, local: int, whole: int, is_last: bool) -> tuple[slice, slice]:
    """Return the positions of a core along one axis: in its window, and in the picture without the margin."""
    begin, border = span.start // stride, margin // stride
    first = max(span.first // stride, border)
    end = min(begin + local if is_last else span.end // stride, border + whole)
    end = max(first, end)
    return slice(first - begin, end - begin), slice(first - border, end - border)
