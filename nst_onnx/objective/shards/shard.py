"""One shard: some rows of a picture's vectors, and the bands of tiles that answer for them.

All sums over pixels leave a shard row by row, or band by band, and are added up in that order by whoever
asked: so the result does not depend on how many shards there are, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.dct import Waves
from nst_onnx.objective.tile_graphs import tile_fields
from nst_onnx.objective.tiles.bands import Bands, Sums
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.passes import TilePasses
from nst_onnx.objective.tiles.pixel_losses import Variation
from nst_onnx.objective.tiles.position_weights import Counting
from nst_onnx.runtime import Device
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

Placed = tuple[int, Array]
"""Rows of a picture, 3×n×W, and which one is the first."""
Facts = dict[str, tuple[tuple[int, int, int], float]]
"""{layer: ((C, h, w) of the whole picture, positions that count)}"""


@dataclass(frozen=True)
class Share:
    """What a shard answers for: the bands from `first` to `end` of a layout. `on_disk`: where vectors go."""

    layout: Layout
    first: int
    end: int
    on_disk: bool = False

    @property
    def rows(self) -> slice:
        """The picture's rows that are its own."""
        return slice(self.layout.own_rows(self.first).start, self.layout.own_rows(self.end - 1).stop)

    @property
    def seen(self) -> slice:
        """The rows that its windows see."""
        return slice(self.layout.rows(self.first).start, self.layout.rows(self.end - 1).stop)

    def local(self, rows: slice) -> slice:
        """Return where some of its own rows are in its arrays."""
        return slice(rows.start - self.rows.start, rows.stop - self.rows.start)


@dataclass(frozen=True)
class Piece:
    """A band's contribution to the gradient of some rows; `order` is when it is added."""

    order: tuple[int, int, int]
    rows: slice
    slope: Array


class Shard:
    """Answers by methods that can be called from afar. Vectors are known by numbers."""

    def __init__(self) -> None:
        self._networks: dict[tuple[Device, int], Network] = {}
        self._stages: dict[int, _Stage] = {}
        self._vectors: dict[int, Array] = {}
        self._matrices: dict[int, Array] = {}

    # ---- stages: pictures of one size, and what is known of them

    def begin(
        self,
        stage: int,
        extractor: Extractor,
        device: Device,
        threads: int,
        terms: Terms,
        share: Share,
        mask: Array | None,
    ) -> Facts:
        """Prepare for a size, and return what is known of the layers."""
        key = device, threads
        if key not in self._networks:
            self._networks = {key: Network(extractor, device, threads)}
        self._stages[stage] = _Stage(self._networks[key], terms, share, mask)
        counting = self._stages[stage].bands.counting
        return {n: (counting.shapes[n], counting.positions(n)) for n in terms.layers}

    def end(self, stage: int) -> None:
        """Forget a size, and all vectors that were made for it."""
        self._stages.pop(stage, None)
        for kept in (self._vectors, self._matrices):
            for number in [n for n in kept if n >> 32 == stage]:
                del kept[number]

    def look(self, stage: int, x: int, *halos: Placed) -> None:
        """Turn to a vector in 0..1, for what follows; `halos`: the rows seen that other shards hold."""
        at = self._stages[stage]
        at.looked_at = [(at.share.rows.start, self._vectors[x]), *halos]

    def statistics(self, stage: int) -> list[Sums]:
        """Return each band's share of the Gram matrices' sums."""
        at = self._stages[stage]
        return [at.bands.statistics(rows, band) for band, rows in at.see()]

    def keep_content(self, stage: int) -> list[dict[str, float]]:
        """Keep the content's features, and return the sums of their squares, for each band."""
        at = self._stages[stage]
        return [at.bands.keep_content(rows, band, on_disk=at.share.on_disk) for band, rows in at.see()]

    def gradient(
        self, stage: int, pulls: dict[str, Array], factors: dict[str, float]
    ) -> list[dict[str, float]]:
        """Compute the gradient, not yet added up; return each band's own losses."""
        return self._stages[stage].gradient(pulls, factors)

    def spill(self, stage: int, rows: slice) -> list[Piece]:
        """Return what the last gradient has for rows that are another shard's."""
        return self._stages[stage].pieces_for(rows)

    def settle(self, stage: int, gradient: int, *spills: Sequence[Piece]) -> None:
        """Add up the last gradient of its own rows, others' contributions included, as a vector."""
        at = self._stages[stage]
        pieces = [*at.pieces_for(at.share.rows), *(piece for spill in spills for piece in spill)]
        total = at.new()
        for piece in sorted(pieces, key=lambda piece: piece.order):
            total[:, at.share.local(piece.rows)] += piece.slope
        at.pieces, at.looked_at = [], []
        self._vectors[gradient] = total

    # ---- vectors: 3×rows×W

    def put(self, stage: int, x: int, values: Array) -> None:
        """Keep an array as a vector."""
        total = self._stages[stage].new()
        total[...] = values
        self._vectors[x] = total

    def rows(self, stage: int, x: int, rows: slice) -> Placed:
        """Return some of its own rows of a vector."""
        return rows.start, np.ascontiguousarray(self._vectors[x][:, self._stages[stage].share.local(rows)])

    def drop(self, vectors: Iterable[int], matrices: Iterable[int] = ()) -> None:
        """Forget vectors and matrices that nobody needs."""
        for x in vectors:
            self._vectors.pop(x, None)
        for m in matrices:
            self._matrices.pop(m, None)

    def add(self, stage: int, result: int, a: int, b: int | None, weight: float) -> None:
        """Let `result` be a + weight × b; without b, weight × a."""
        total, one = self._stages[stage].new(), self._vectors[a]
        other, factor = None if b is None else self._vectors[b], np.float32(weight)
        for part in _parts(total):
            total[:, part] = (
                factor * one[:, part] if other is None else one[:, part] + factor * other[:, part]
            )
            disk_arrays.release(total, one, *([] if other is None else [other]))
        self._vectors[result] = total

    def dot(self, a: int, b: int) -> Numbers:
        """Return the inner product of each of its rows."""
        return _products(self._vectors[a], self._vectors[b])

    def matrix(self, stage: int, m: int, count: int) -> None:
        """Make room for `count` vectors."""
        at = self._stages[stage]
        self._matrices[m] = disk_arrays.empty((count, *at.shape), on_disk=at.share.on_disk)

    def put_row(self, m: int, row: int, x: int) -> None:
        """Copy a vector into a matrix."""
        matrix, vector = self._matrices[m][row], self._vectors[x]
        for part in _parts(vector):
            matrix[:, part] = vector[:, part]
            disk_arrays.release(self._matrices[m], vector)

    def row(self, m: int, row: int, x: int) -> None:
        """Let a vector be what stands in a matrix."""
        self._vectors[x] = self._matrices[m][row]

    def products(self, m: int, vectors: Sequence[int], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` of a matrix, for each row."""
        rows = self._matrices[m][:count]
        return np.stack([[_products(row, self._vectors[x]) for row in rows] for x in vectors])

    def combine(self, stage: int, result: int, m: int, weights: Sequence[float]) -> None:
        """Let `result` be the weighted sum of the first vectors of a matrix."""
        total, matrix = self._stages[stage].new(), self._matrices[m]
        for part in _parts(total):
            for weight, vector in zip(weights, matrix, strict=False):
                total[:, part] += np.float32(weight) * vector[:, part]
            disk_arrays.release(total, matrix)
        self._vectors[result] = total

    def waves(self, stage: int, x: int, count: tuple[int, int]) -> list[Array]:
        """Return each band's share of the lowest cosines along rows and columns: 3×m×n."""
        at = self._stages[stage]
        found = []
        for rows in at.own_rows():
            found.append(at.waves(count).of(self._vectors[x][:, at.share.local(rows)], rows))
            disk_arrays.release(self._vectors[x])
        return found

    def add_waves(self, stage: int, result: int, x: int, waves: Array) -> None:
        """Let `result` be a vector plus the picture that these cosines make."""
        at = self._stages[stage]
        total = at.new()
        for rows in at.own_rows():
            local = at.share.local(rows)
            total[:, local] = self._vectors[x][:, local] + at.waves(waves.shape[1:]).rows(waves, rows)
            disk_arrays.release(total, self._vectors[x])
        self._vectors[result] = total


class _Stage:
    """What a shard knows of a picture of one size."""

    def __init__(self, network: Network, terms: Terms, share: Share, mask: Array | None) -> None:
        self.share, self._terms = share, terms
        passes = TilePasses(network, terms, share.layout.window)
        counting = Counting(share.layout, tile_fields(network.extractor, terms), passes.features, mask)
        self.bands = Bands(passes, share.layout, counting)
        self.numbers = range(share.first, share.end)
        self.shape = 3, share.rows.stop - share.rows.start, share.layout.shape[1]
        self.pieces: list[Piece] = []
        self.looked_at: list[Placed] = []
        self._variation = Variation(terms.tv) if terms.tv else None
        self._waves: dict[tuple[int, ...], Waves] = {}

    def new(self) -> Array:
        return disk_arrays.empty(self.shape, on_disk=self.share.on_disk)

    def waves(self, count: tuple[int, ...]) -> Waves:
        if count not in self._waves:
            self._waves[count] = Waves(self.share.layout.shape, (count[0], count[1]))
        return self._waves[count]

    def own_rows(self) -> Iterable[slice]:
        """Yield the rows that each band answers for."""
        return (self.share.layout.own_rows(band) for band in self.numbers)

    def see(self) -> Iterable[tuple[int, Array]]:
        """Yield each band with the rows that it sees of what is looked at."""
        for band in self.numbers:
            wanted = self.share.layout.rows(band)
            rows = np.empty((3, wanted.stop - wanted.start, self.shape[2]), np.float32)
            for start, part in self.looked_at:
                top, bottom = max(start, wanted.start), min(start + part.shape[1], wanted.stop)
                if top < bottom:
                    rows[:, top - wanted.start : bottom - wanted.start] = part[
                        :, top - start : bottom - start
                    ]
                disk_arrays.release(part)
            yield band, rows

    def gradient(self, pulls: dict[str, Array], factors: dict[str, float]) -> list[dict[str, float]]:
        """Keep the pieces of the gradient, and return each band's own losses."""
        names = [f"content/{layer}" for layer in self._terms.content]
        self.bands.passes.pull(pulls, np.array([factors[name] for name in names], np.float32))
        losses, self.pieces = [], []
        for band, rows in self.see():
            some, slope = self.bands.gradient(rows, band)
            found = dict(zip(names, map(float, some), strict=True))
            seen = self.share.layout.rows(band)
            self.pieces.append(Piece((1, band, 0), seen, slope))
            if self._variation:
                found["tv"] = self._vary(band, rows, seen, factors["tv"])
            losses.append(found)
        return losses

    def _vary(self, band: int, rows: Array, seen: slice, factor: float) -> float:
        assert self._variation is not None
        slope = np.zeros_like(rows)
        own = self.share.layout.own_rows(band)
        value = self._variation.add(rows, slope, factor, slice(own.start - seen.start, own.stop - seen.start))
        self.pieces.append(Piece((0, band, 0), seen, slope))
        return factor * value

    def pieces_for(self, rows: slice) -> list[Piece]:
        """Return the contributions to some rows."""
        found = []
        for piece in self.pieces:
            top, bottom = max(piece.rows.start, rows.start), min(piece.rows.stop, rows.stop)
            if top < bottom:
                part = slice(top - piece.rows.start, bottom - piece.rows.start)
                found.append(Piece(piece.order, slice(top, bottom), piece.slope[:, part]))
        return found


def _parts(array: Array) -> Iterable[slice]:
    return disk_arrays.strips(array.shape[1], 12 * array.shape[2])


def _products(a: Array, b: Array) -> Numbers:
    """Return the inner product of each row of two vectors 3×rows×W."""
    products = np.zeros(a.shape[1])
    for part in _parts(a):
        for colour in range(3):
            products[part] += (a[colour, part] * b[colour, part]).sum(axis=1, dtype=np.float64)
        disk_arrays.release(a, b)
    return products
