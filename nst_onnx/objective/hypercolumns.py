"""Hypercolumns: at each position, the features of several layers (Hariharan et al. 2015, arXiv:1411.5752).

Positions are those of the finest map. A coarser map's features are repeated over the positions they cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.support.arrays import Array

Columns = dict[str, Array]
"""{term: n×C}: the features of n positions."""
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class MapPart:
    """Feature maps in one part of a picture.

    `maps`: {term: C×h×w}, the features times `roots`. `roots`: {term: h×w}, the square roots of the
    positions' weights. `corners`: {term: (row, column)}, the first position's place in the picture's map.
    """

    maps: Mapping[str, Array]
    roots: Mapping[str, Array]
    corners: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Grid:
    """The positions of a picture's hypercolumns.

    `shapes`: {term: (h, w)} of the whole picture's maps; `strides`: {term: pixels between positions}.
    """

    shapes: Mapping[str, tuple[int, int]]
    strides: Mapping[str, int]

    @property
    def finest(self) -> str:
        """The term whose map has the most positions."""
        return max(self.shapes, key=lambda term: self.shapes[term])

    @property
    def shape(self) -> tuple[int, int]:
        """How many positions there are (rows, columns)."""
        return self.shapes[self.finest]

    def ratio(self, term: str) -> int:
        """Return how many positions along each axis share one position of a term's map."""
        return max(1, self.strides[term] // self.strides[self.finest])

    def place(self, part: MapPart) -> tuple[slice, slice]:
        """Return the rows and columns of a part."""
        (top, left), (height, width) = part.corners[self.finest], part.roots[self.finest].shape
        return slice(top, top + height), slice(left, left + width)

    def columns(self, part: MapPart, rows: Indices, columns: Indices) -> tuple[Columns, Array]:
        """Return the hypercolumns at some rows and columns of a part, and the weight of each position.

        A position has the least of its features' weights.
        """
        found: Columns = {}
        weights = np.ones((len(rows), len(columns)), np.float32)
        for term, features in part.maps.items():
            down, across = self._within(part, term, 0, rows), self._within(part, term, 1, columns)
            root = part.roots[term][down[:, None], across]
            weighted: Array = features[:, down[:, None], across].reshape(len(features), -1).T
            found[term] = np.divide(weighted, np.maximum(root, 1e-6).reshape(-1, 1), dtype=np.float32)
            weights = np.minimum(weights, root * root)
        return found, weights.reshape(-1)

    def _within(self, part: MapPart, term: str, axis: int, positions: Indices) -> Indices:
        """Return where a term's map has the features of some rows or columns, counted from its corner.

        Where a size is rounded down, the map's last position covers the rest.
        """
        place = np.minimum(positions // self.ratio(term), self.shapes[term][axis] - 1)
        within: Indices = np.clip(place - part.corners[term][axis], 0, part.roots[term].shape[axis] - 1)
        return within
