"""Matching: for each position of a picture, the style position with the nearest features.

Hypercolumns are compared by the cosine distance after their mean is subtracted (Kolkin et al. 2022,
"Neural Neighbor Style Transfer", arXiv:2203.13215, section 4), every layer scaled to a variance of 1. The
positions of all style pictures are candidates: every one of small pictures, a regular selection of large
ones; none that is mostly transparent. Distances to a style picture are divided by its weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.objective.hypercolumns import Columns, Grid, MapPart
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers
from nst_onnx.support.memory import Memory

_CONTENT = 0.75  # share of the content in what is matched

MOST = 1 << 13  # candidates: time and memory are then proportional to the pixels of the picture
_BLOCK = 1 << 11  # positions, and candidates, that are compared at once
_VISIBLE = 0.5  # weight of a style position from which on it is a candidate
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class StyleMaps:
    """The maps of a style picture: its name, its grid, and its parts."""

    name: str
    grid: Grid
    parts: Iterable[MapPart]


Parts = Callable[[], Iterable[MapPart]]
"""Returns the parts of a picture's maps, anew with each call."""
Matched = npt.NDArray[np.int32]
"""A candidate's number for each position h×w."""
Labels = npt.NDArray[np.int32]
"""The number of the region that a position is in."""


@dataclass(frozen=True)
class Moments:
    """Means of hypercolumns, {term: C}, and the mean squared distance to them, {term: variance}."""

    means: Mapping[str, Array]
    variances: Mapping[str, float]

    @classmethod
    def of(cls, found: Iterable[tuple[Columns, Array]]) -> Moments:
        """Return the moments of hypercolumns with weights, received piece by piece."""
        count, sums, squares = 0.0, dict[str, Numbers](), dict[str, float]()
        for columns, weights in found:
            count += float(weights.sum(dtype=np.float64))
            for term, features in columns.items():
                weighted = features * weights[:, None]
                total = weighted.sum(axis=0, dtype=np.float64)
                sums[term] = sums[term] + total if term in sums else total
                squares[term] = squares.get(term, 0.0) + float((weighted * features).sum(dtype=np.float64))
        count = max(count, _TINY)
        means = {term: total / count for term, total in sums.items()}
        variances = {t: max(squares[t] / count - float(mean @ mean), 0.0) for t, mean in means.items()}
        return cls({term: mean.astype(np.float32) for term, mean in means.items()}, variances)

    def directions(self, columns: Columns) -> Array:
        """Return hypercolumns without their mean, each layer at a variance of 1, as unit vectors n×ΣC."""
        scaled = [
            (features - self.means[term]) / np.float32(math.sqrt(max(self.variances[term], _TINY)))
            for term, features in columns.items()
        ]
        joined = np.concatenate(scaled, axis=1)
        joined /= np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), np.float32(_TINY))
        return joined


@dataclass(frozen=True)
class Candidates:
    """The style positions that a position can be matched with.

    `features`: {term: N×C}. `weights`: N numbers in 0..1, those of the style pictures, relative to the
    greatest. `labels`: N numbers of the regions whose styles they are of. `moments`: of the features.
    """

    features: Columns
    weights: Array
    labels: Labels
    moments: Moments

    @classmethod
    def of(cls, regions: Sequence[tuple[Sequence[StyleMaps], Sequence[float]]]) -> Candidates:
        """Return those of the style pictures of each region, with their weights; one region is the whole.

        Raises PictureError where so little of a picture is visible that it has none.
        """
        positions = sum(math.prod(style.grid.shape) for styles, _ in regions for style in styles)
        step = math.ceil(math.sqrt(positions / MOST))
        found: list[Columns] = []
        of_each: list[Array] = []
        labels: list[Labels] = []
        for label, (styles, weights) in enumerate(regions):
            for style, weight in zip(styles, weights, strict=True):
                if weight <= 0:
                    continue
                columns = _visible(_joined(_selected(style.grid, style.parts, step)), style.name)
                found.append(columns)
                count = len(next(iter(columns.values())))
                of_each.append(np.full(count, weight / max(weights), np.float32))
                labels.append(np.full(count, label, np.int32))
        features = {term: np.concatenate([columns[term] for columns in found]) for term in found[0]}
        every = np.concatenate(of_each)
        moments = Moments.of([(features, np.ones_like(every))])
        return cls(features, every, np.concatenate(labels), moments)

    def match(self, grid: Grid, parts: Parts, labels: Labels | None = None) -> Matched:
        """Return the nearest candidate of each position of a picture; `parts` is called twice.

        `labels`, of the grid's shape: the region of each position, whose candidates alone it may have. None:
        all may have any.
        """
        moments = Moments.of(columns for part in parts() for _, columns in _blocks(grid, part))
        matched: Matched = np.zeros(grid.shape, np.int32)
        for part in parts():
            for (rows, across), (columns, _) in _blocks(grid, part):
                allowed = None if labels is None else labels[rows, across].reshape(-1)
                nearest = self._nearest(moments.directions(columns), allowed)
                matched[rows, across] = nearest.reshape(matched[rows, across].shape)
        return matched

    def _nearest(self, directions: Array, labels: Labels | None) -> Matched:
        """Return the nearest candidate of each of some unit vectors, the first of several, of its label."""
        least = np.full(len(directions), np.inf, np.float32)
        nearest: Matched = np.zeros(len(directions), np.int32)
        for first in range(0, len(self.weights), _BLOCK):
            block = slice(first, first + _BLOCK)
            some = self.moments.directions({term: f[block] for term, f in self.features.items()})
            distances = directions @ some.T
            np.subtract(1, distances, out=distances)
            distances /= self.weights[block]
            if labels is not None:
                distances[labels[:, None] != self.labels[block]] = np.inf
            here = distances.argmin(axis=1)
            distance = np.take_along_axis(distances, here[:, None], 1)[:, 0]
            nearer = distance < least
            nearest[nearer] = here[nearer] + first
            least[nearer] = distance[nearer]
        return nearest


@dataclass(frozen=True)
class Matches:
    """The candidate that each position of a picture is matched with, and so the target maps."""

    grid: Grid
    candidates: Candidates
    matched: Matched

    def target(self, term: str, rows: slice, columns: slice) -> Array:
        """Return a term's target at some rows and columns of its map, C×h×w.

        Where several positions share one of the map, it is their mean: the sum of squared differences to
        all of them is least there.
        """
        ratio, features = self.grid.ratio(term), self.candidates.features[term]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        total = np.zeros((height, width, features.shape[1]), np.float32)
        down, across = (np.arange(s.start, s.stop) * ratio for s in (rows, columns))
        last_row, last_column = (side - 1 for side in self.grid.shape)
        for i in range(ratio):
            for j in range(ratio):
                at = np.ix_(np.minimum(down + i, last_row), np.minimum(across + j, last_column))
                total += features[self.matched[at]]
        total /= np.float32(ratio * ratio)
        return np.ascontiguousarray(total.transpose(2, 0, 1))


def _blocks(grid: Grid, part: MapPart) -> Iterator[tuple[tuple[slice, slice], tuple[Columns, Array]]]:
    """Yield the place of a few rows of a part, and their hypercolumns with weights."""
    rows, columns = grid.place(part)
    height = max(1, _BLOCK // max(columns.stop - columns.start, 1))
    if columns.start == columns.stop:
        return
    for top in range(rows.start, rows.stop, height):
        some = slice(top, min(top + height, rows.stop))
        found = grid.columns(part, np.arange(some.start, some.stop), np.arange(columns.start, columns.stop))
        yield (some, columns), found


def mixture(content: Array, picture: Array | None, memory: Memory) -> Array:
    """Return what is matched: 0.75 × content + 0.25 × the picture so far, both H×W×3; None: the content."""
    if picture is None:
        return content
    mixed = memory.empty(picture.shape)
    for rows in disk_arrays.strips(picture.shape[0], picture[0].nbytes):
        mixed[rows] = _CONTENT * content[rows] + (1 - _CONTENT) * picture[rows]
        disk_arrays.release(mixed, picture, content)
    return mixed


def _selected(grid: Grid, parts: Iterable[MapPart], step: int) -> Iterator[tuple[Columns, Array]]:
    """Yield the hypercolumns at every `step`-th row and column, with their weights."""
    for part in parts:
        every = [np.arange(-(-s.start // step) * step, s.stop, step) for s in grid.place(part)]
        if all(map(len, every)):
            yield grid.columns(part, every[0], every[1])


def _joined(found: Iterable[tuple[Columns, Array]]) -> tuple[Columns, Array]:
    pieces = list(found)
    columns = {term: np.concatenate([some[term] for some, _ in pieces]) for term in pieces[0][0]}
    return columns, np.concatenate([weights for _, weights in pieces])


def _visible(found: tuple[Columns, Array], name: str) -> Columns:
    """Return the hypercolumns that are visible. Raises PictureError where none is."""
    columns, weights = found
    visible = weights >= _VISIBLE
    if not visible.any():
        raise PictureError(
            f"too little of {name} is visible for the loss neighbours",
            "choose a picture with less transparency",
        )
    return {term: features[visible] for term, features in columns.items()}
