"""One shard: some rows of a picture's vectors, and the bands of tiles whose cores lie in them."""

from __future__ import annotations

from collections.abc import Sequence

from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.stage import Part, Piece, PlacedRows, Stage
from nst_onnx.objective.shards.vectors import VectorStore
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tiles.statistic_losses import Sums
from nst_onnx.runtime import Device
from nst_onnx.support.arrays import Array

Facts = tuple[dict[str, tuple[int, int, int]], dict[str, float]]
"""{source: (C, h, w) of the whole picture}, and {weighting: sum of the weights}."""


class Shard(VectorStore):
    """A shard, driven by calls of its methods from another process. Arguments and results can be pickled."""

    def __init__(self) -> None:
        super().__init__()
        self._networks: dict[tuple[Device, int], Network] = {}

    def begin(
        self,
        stage: int,
        extractor: Extractor,
        device: Device,
        threads: int,
        terms: Terms,
        part: Part,
        masks: Masks | None,
    ) -> Facts:
        """Prepare a stage, and return the facts of its features."""
        key = device, threads
        if key not in self._networks:
            self._networks = {key: Network(extractor, device, threads)}
        self._stages[stage] = Stage(self._networks[key], terms, part, masks)
        weights = self._stages[stage].bands.weights
        positions = {weighting.name: weights.positions(weighting.name) for weighting in terms.weightings}
        return weights.shapes, positions

    def end(self, stage: int) -> None:
        """Delete a stage, and all vectors that were made for it."""
        self._stages.pop(stage, None)
        for stored in (self._vectors, self._matrices):
            for number in [n for n in stored if n >> 32 == stage]:
                del stored[number]

    def select(self, stage: int, x: int, *halos: PlacedRows) -> None:
        """Select the current picture, a vector in 0..1; `halos`: rows received from neighbouring shards."""
        self._stages[stage].select(self._vectors[x], halos)

    def statistics(self, stage: int) -> list[Sums]:
        """Return each band's part of the statistics' sums."""
        at = self._stages[stage]
        return [at.bands.statistics(rows, band) for band, rows in at.rows()]

    def set_content(self, stage: int) -> list[dict[str, float]]:
        """Store the current picture's maps as targets. Return each band's {term: part of the energy}."""
        at = self._stages[stage]
        return [at.bands.set_content(rows, band, on_disk=at.part.on_disk) for band, rows in at.rows()]

    def maps(self, stage: int, band: int) -> list[MapPart]:
        """Return the current picture's maps in a band, for the losses whose target is matched."""
        at = self._stages[stage]
        return list(at.bands.maps(at.rows_of(band), band))

    def set_matches(self, stage: int, matches: Matches) -> None:
        """Set the target of these losses."""
        self._stages[stage].bands.matches = matches

    def gradient(
        self, stage: int, derivatives: dict[str, Array], factors: dict[str, float]
    ) -> list[dict[str, float]]:
        """Compute the gradient, not yet added up; return each band's {term: loss}."""
        return self._stages[stage].gradient(derivatives, factors)

    def gradient_pieces(self, stage: int, rows: slice) -> list[Piece]:
        """Return the last gradient's contributions to rows of another shard."""
        return self._stages[stage].pieces(rows)

    def sum_gradient(self, stage: int, gradient: int, *received: Sequence[Piece]) -> None:
        """Add up the last gradient of the shard's own rows, with pieces of other shards, as a vector."""
        at = self._stages[stage]
        pieces = [*at.pieces(at.part.own_rows), *(piece for some in received for piece in some)]
        total = at.new_vector()
        for piece in sorted(pieces, key=lambda piece: piece.order):
            total[:, at.part.local(piece.rows)] += piece.gradient
        at.release()
        self._vectors[gradient] = total
