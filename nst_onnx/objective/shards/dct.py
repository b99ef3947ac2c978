"""Cosine waves of some rows of a picture: by onnxruntime, whose products do not depend on the threads."""

from __future__ import annotations

import numpy as np

from nst_onnx.graph import Graph
from nst_onnx.optim.preconditioner import dct_basis
from nst_onnx.runtime import Device, open_session
from nst_onnx.support.arrays import Array


class Waves:
    """The lowest cosines along the rows and columns of a picture of `shape` (H, W): m and n of them."""

    def __init__(self, shape: tuple[int, int], count: tuple[int, int]) -> None:
        self._down, self._across = dct_basis(shape[0], count[0]), dct_basis(shape[1], count[1])
        g = Graph()
        rows, down, across = g.input("rows", [3, None, None]), _matrix(g, "down"), _matrix(g, "across")
        along = g.op("MatMul", rows, g.op("Transpose", across, perm=[1, 0]))
        g.output("waves", g.op("MatMul", down, along))
        self._forth = open_session(g.model(), Device("cpu"))
        g = Graph()
        waves, down, across = g.input("waves", [3, None, None]), _matrix(g, "down"), _matrix(g, "across")
        tall = g.op("MatMul", g.op("Transpose", down, perm=[1, 0]), waves)
        g.output("rows", g.op("MatMul", tall, across))
        self._back = open_session(g.model(), Device("cpu"))

    def of(self, values: Array, rows: slice) -> Array:
        """Return the share 3×m×n of some rows, 3×r×W."""
        feeds = {"rows": np.ascontiguousarray(values), **self._bases(rows)}
        found: Array = self._forth.run(feeds, ["waves"])["waves"]
        return found

    def rows(self, waves: Array, rows: slice) -> Array:
        """Return the rows 3×r×W of the picture that waves 3×m×n make."""
        found: Array = self._back.run({"waves": waves, **self._bases(rows)}, ["rows"])["rows"]
        return found

    def _bases(self, rows: slice) -> dict[str, Array]:
        return {"down": np.ascontiguousarray(self._down[:, rows]), "across": self._across}


def _matrix(g: Graph, name: str) -> str:
    return g.input(name, [None, None])
