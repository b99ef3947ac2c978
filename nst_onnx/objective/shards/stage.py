"""Stage: a picture of one size in one shard, with the shard's part of its bands of tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nst_onnx.objective.guides import Masks
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.dct import Dct
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tile_graphs import tile_fields
from nst_onnx.objective.tiles.bands import Bands
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses
from nst_onnx.objective.tiles.pixel_losses import PixelLoss
from nst_onnx.objective.tiles.position_weights import PositionWeights
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

PlacedRows = tuple[int, Array]
"""Rows of a picture, 3×n×W, and the number of the first."""


@dataclass(frozen=True)
class Part:
    """A shard's part of a picture: the bands from `first` to `end` of a layout.

    `on_disk`: whether vectors are memory-mapped.
    """

    layout: Layout
    first: int
    end: int
    on_disk: bool = False

    @property
    def own_rows(self) -> slice:
        """The picture's rows that the shard holds."""
        return slice(self.layout.own_rows(self.first).start, self.layout.own_rows(self.end - 1).stop)

    @property
    def window_rows(self) -> slice:
        """The rows that its windows cover: its own with their halo."""
        return slice(self.layout.rows(self.first).start, self.layout.rows(self.end - 1).stop)

    def local(self, rows: slice) -> slice:
        """Return the place of some of its own rows in its arrays."""
        return slice(rows.start - self.own_rows.start, rows.stop - self.own_rows.start)


@dataclass(frozen=True)
class Piece:
    """A band's contribution to the gradient of some rows; pieces are added in the order of `order`."""

    order: tuple[int, int, int]
    rows: slice
    gradient: Array


class Stage:
    """The state of a shard for pictures of one size."""

    def __init__(self, network: Network, terms: Terms, part: Part, masks: Masks | None) -> None:
        self.part, self._terms = part, terms
        passes = TilePasses(network, terms, part.layout)
        fields = tile_fields(network.extractor, terms)
        weights = PositionWeights(
            part.layout, fields, passes.features, passes.congruent, terms.weightings, masks
        )
        self.bands = Bands(passes, part.layout, weights)
        self.numbers = range(part.first, part.end)
        self.shape = 3, part.own_rows.stop - part.own_rows.start, part.layout.shape[1]
        self._pixel_losses = {term.name: PixelLoss(term.loss) for term in terms.pictures}
        self._dcts: dict[tuple[int, int], Dct] = {}
        self._picture: list[PlacedRows] = []
        self._pieces: list[Piece] = []

    def new_vector(self) -> Array:
        """Return a new array of the shard's own rows."""
        return disk_arrays.empty(self.shape, on_disk=self.part.on_disk)

    def dct(self, count: tuple[int, int]) -> Dct:
        """Return the transform to the lowest `count` frequencies along rows and columns."""
        if count not in self._dcts:
            self._dcts[count] = Dct(self.part.layout.shape, count)
        return self._dcts[count]

    def own_rows(self) -> Iterator[slice]:
        """Yield the rows of each band's cores."""
        return (self.part.layout.own_rows(band) for band in self.numbers)

    def select(self, own: Array, halos: tuple[PlacedRows, ...]) -> None:
        """Select the current picture: the shard's own rows, and those received from others."""
        self._picture = [(self.part.own_rows.start, own), *halos]

    def rows(self) -> Iterator[tuple[int, Array]]:
        """Yield each band with the rows of the current picture that its windows cover."""
        for band in self.numbers:
            yield band, self.rows_of(band)

    def rows_of(self, band: int) -> Array:
        """Return the rows of the current picture that a band's windows cover."""
        covered = self.part.layout.rows(band)
        rows = np.empty((3, covered.stop - covered.start, self.shape[2]), np.float32)
        for start, some in self._picture:
            top, bottom = max(start, covered.start), min(start + some.shape[1], covered.stop)
            if top < bottom:
                rows[:, top - covered.start : bottom - covered.start] = some[:, top - start : bottom - start]
            disk_arrays.release(some)
        return rows

    def gradient(
        self, derivatives: Mapping[str, Array], factors: Mapping[str, float]
    ) -> list[dict[str, float]]:
        """Compute the pieces of the gradient, and return {term: loss} of each band."""
        names = [term.name for term in self._terms.positionwise]
        self.bands.passes.set_derivatives(derivatives, factors)
        losses, self._pieces = [], []
        for band, rows in self.rows():
            some, gradient = self.bands.gradient(rows, band)
            covered = self.part.layout.rows(band)
            self._pieces.append(Piece((1, band, 0), covered, gradient))
            on_pixels = self._on_pixels(band, rows, covered, factors)
            losses.append(dict(zip(names, map(float, some), strict=True)) | on_pixels)
        return losses

    def _on_pixels(
        self, band: int, rows: Array, covered: slice, factors: Mapping[str, float]
    ) -> dict[str, float]:
        own, losses = self.part.layout.own_rows(band), {}
        local = slice(own.start - covered.start, own.stop - covered.start)
        for number, (name, loss) in enumerate(self._pixel_losses.items()):
            gradient = np.zeros_like(rows)
            losses[name] = factors[name] * loss.add(rows, gradient, factors[name], local)
            self._pieces.append(Piece((0, band, number), covered, gradient))
        return losses

    def pieces(self, rows: slice) -> list[Piece]:
        """Return the contributions of the last gradient to some rows."""
        found = []
        for piece in self._pieces:
            top, bottom = max(piece.rows.start, rows.start), min(piece.rows.stop, rows.stop)
            if top < bottom:
                part = slice(top - piece.rows.start, bottom - piece.rows.start)
                found.append(Piece(piece.order, slice(top, bottom), piece.gradient[:, part]))
        return found

    def release(self) -> None:
        """Release the current picture and the last gradient's pieces."""
        self._picture, self._pieces = [], []
