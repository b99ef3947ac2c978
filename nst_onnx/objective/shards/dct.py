"""Discrete cosine transform of some rows, by onnxruntime: the same products for any number of threads."""

from __future__ import annotations

import numpy as np

from nst_onnx.graph import Graph
from nst_onnx.optim.preconditioner import dct_basis
from nst_onnx.runtime import Device, open_session
from nst_onnx.support.arrays import Array


class Dct:
    """The lowest m×n DCT coefficients of pictures of `shape` (H, W), from and to some of their rows."""

    def __init__(self, shape: tuple[int, int], count: tuple[int, int]) -> None:
        """`count`: (m, n), along columns and rows."""
        self._vertical, self._horizontal = dct_basis(shape[0], count[0]), dct_basis(shape[1], count[1])
        g = Graph()
        rows = g.input("rows", [3, None, None])
        vertical, horizontal = _matrix(g, "vertical"), _matrix(g, "horizontal")
        along = g.op("MatMul", rows, g.op("Transpose", horizontal, perm=[1, 0]))
        g.output("coefficients", g.op("MatMul", vertical, along))
        self._forward = open_session(g.model(), Device("cpu"))
        g = Graph()
        coefficients = g.input("coefficients", [3, None, None])
        vertical, horizontal = _matrix(g, "vertical"), _matrix(g, "horizontal")
        columns = g.op("MatMul", g.op("Transpose", vertical, perm=[1, 0]), coefficients)
        g.output("rows", g.op("MatMul", columns, horizontal))
        self._inverse = open_session(g.model(), Device("cpu"))

    def coefficients(self, values: Array, rows: slice) -> Array:
        """Return the contribution 3×m×n of some rows, 3×r×W."""
        feeds = {"rows": np.ascontiguousarray(values), **self._bases(rows)}
        found: Array = self._forward.run(feeds, ["coefficients"])["coefficients"]
        return found

    def rows(self, coefficients: Array, rows: slice) -> Array:
        """Return some rows 3×r×W of the inverse transform of coefficients 3×m×n."""
        feeds = {"coefficients": coefficients, **self._bases(rows)}
        found: Array = self._inverse.run(feeds, ["rows"])["rows"]
        return found

    def _bases(self, rows: slice) -> dict[str, Array]:
        return {"vertical": np.ascontiguousarray(self._vertical[:, rows]), "horizontal": self._horizontal}


def _matrix(g: Graph, name: str) -> str:
    return g.input(name, [None, None])
