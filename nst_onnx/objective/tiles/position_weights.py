"""Weights of the positions of a feature map: 0 outside a tile's core and in the margin, else the mask."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nst_onnx.graph import Graph
from nst_onnx.graph.receptive_field import ReceptiveField
from nst_onnx.objective.terms import MASK
from nst_onnx.objective.tiles.layout import Layout, Span
from nst_onnx.runtime import Device, Session, open_session
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


class PositionWeights:
    """For each layer: the whole picture's positions, and the weights of those in each tile's core."""

    def __init__(
        self,
        layout: Layout,
        fields: Mapping[str, ReceptiveField],
        features: Mapping[str, tuple[int, int, int]],
        mask: Array | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`features`: (C, h, w) of each layer in a window; `mask`: H×W, 0..1, of the picture.

        `on_disk`: whether arrays as large as the mask are memory-mapped.
        """
        self._layout = layout
        self._strides = {layer: (rows.stride, columns.stride) for layer, (rows, columns) in fields.items()}
        self._local = {layer: shape[1:] for layer, shape in features.items()}
        last = layout.bands[-1].start, layout.columns[-1].start
        self.shapes: dict[str, tuple[int, int, int]] = {}
        """{layer: (C, h, w) of the whole picture's features, without the margin}"""
        for layer, (channels, *local) in features.items():
            sides = (
                begin // stride + n - 2 * (layout.margin // stride)
                for begin, stride, n in zip(last, self._strides[layer], local, strict=True)
            )
            height, width = sides
            self.shapes[layer] = channels, height, width
        self._positions = {layer: float(height * width) for layer, (_, height, width) in self.shapes.items()}
        self._roots: dict[str, Array] = {}
        if mask is not None:
            resize = resizer()
            for layer, (_, *shape) in self.shapes.items():
                self._roots[layer] = disk_arrays.empty((shape[0], shape[1]), on_disk=on_disk)
                self._positions[layer] = _root(
                    resized(resize, mask, (shape[0], shape[1])), self._roots[layer]
                )

    def positions(self, layer: str) -> float:
        """Return the sum of a layer's weights in the whole picture; without a mask, how many there are."""
        return self._positions[layer]

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
        """Return {layer: h×w}: the square root of each position's weight in a tile's window."""
        found = {}
        for layer, local in self._local.items():
            weights = np.zeros(local, np.float32)
            inside, whole = self.core(layer, band, column)
            root = self._roots.get(layer)
            weights[inside] = 1 if root is None else root[whole]
            if root is not None:
                disk_arrays.release(root)
            found[layer] = weights
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


def resizer() -> Session:
    """Return the model that resizes a mask to a layer's features, as the graph of a whole picture does."""
    g = Graph()
    g.input(MASK, [1, 1, None, None])
    g.input("size", [2], 7)
    sizes = g.op("Concat", g.ints(1, 1), "size", axis=0)
    g.output(
        "resized",
        g.op("Resize", MASK, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel"),
    )
    return open_session(g.model(), Device("cpu"))


def resized(session: Session, mask: Array, shape: tuple[int, int]) -> Array:
    """Return a mask H×W at another size; the mask itself where it has that size."""
    if mask.shape == shape:
        return mask
    size: npt.NDArray[np.int64] = np.asarray(shape, np.int64)
    feeds: dict[str, npt.NDArray[np.float32] | npt.NDArray[np.int64]] = {
        MASK: np.ascontiguousarray(mask[None, None]),
        "size": size,
    }
    found: Array = session.run(feeds, ["resized"])["resized"][0, 0]
    return found
