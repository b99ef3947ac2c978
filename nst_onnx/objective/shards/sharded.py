"""Evaluation in shards: the losses of a picture and their gradient, its rows distributed over processes.

Each step moves rows of halo between neighbours, and statistics, sums and DCT coefficients to the process that
drives the optimiser; nothing that grows with the picture but the halos' width.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.space import ShardedPreconditioner, ShardedSpace, ShardedStage, Vector
from nst_onnx.objective.shards.stage import Part
from nst_onnx.objective.shards.team import Pending, Team, ask_all
from nst_onnx.objective.targets import too_small
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.statistic_losses import Sums, statistic_losses
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

_GREY_LEVELS = 255.0
_stage_numbers = itertools.count(1)
N = TypeVar("N", float, Numbers)


class ShardedEvaluation:
    """An `Evaluation` in shards. Pictures in arguments and results are 3×H×W, 0..1."""

    def __init__(
        self,
        team: Team,
        network: Network,
        terms: Terms,
        layout: Layout,
        masks: Masks | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`on_disk`: whether vectors are memory-mapped in the shards."""
        self._terms, self.layout, self._on_disk = terms, layout, on_disk
        self._team = team
        self._stage = stage = ShardedStage(
            team, parts(layout, team.size, on_disk=on_disk), next(_stage_numbers)
        )
        while team.ended:
            ask_all(team, "end", team.ended.pop())
        weakref.finalize(self, team.ended.append, stage.number)
        extractor, shared_masks = team.share(network.extractor), team.share(masks)
        common = stage.number, extractor, network.device, team.threads, terms
        begun = [team.ask(i, "begin", *common, part, shared_masks) for i, part in enumerate(stage.parts)]
        self._shapes: dict[str, tuple[int, int, int]]
        self._positions: dict[str, float]
        self._shapes, self._positions = team.get(begun)[0]
        self._targets: Sums = {}
        self._factors: dict[str, float] = {}

    # ---- as any evaluation

    def statistics(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {term: the statistic of a picture}, for every loss that compares statistics.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """
        self._check(label)
        self._select(self._stage.scatter(picture))
        sums = self._sums()
        return {
            term.name: (sums[term.name] / self._positions[term.weighting.name]).astype(np.float32)
            for term in self._terms.statistics
        }

    def set_content(self, picture: Array, label: str) -> dict[str, float]:
        """Set the target of the losses that compare with the content. Return {term: its energy}.

        Raises PictureError as `statistics` does.
        """
        self._check(label)
        self._select(self._stage.scatter(picture))
        bands = itertools.chain.from_iterable(ask_all(self._team, "set_content", self._stage.number))
        of_content = [term.name for term in self._terms.positionwise if term.loss.target == "content"]
        return _added(bands, of_content)

    def maps(self, picture: Array) -> Iterator[MapPart]:
        """Yield the maps of a picture, band by band, for the losses whose target is matched."""
        team, stage = self._team, self._stage
        selected = stage.scatter(picture)
        self._select(selected)
        for i, part in enumerate(stage.parts):
            for band in range(part.first, part.end):
                (found,) = team.get([team.ask(i, "maps", stage.number, band)])
                yield from found

    def set_matches(self, matches: Matches) -> None:
        """Set the target of these losses."""
        ask_all(self._team, "set_matches", self._stage.number, self._team.share(matches))

    def set_previous_frame(self, warped: Array, trust: Array) -> None:
        """Raise OptionError: frames of a video are not evaluated in shards."""
        raise OptionError("the frames of a video are painted by one process each", "leave out --ray")

    def feature_shape(self, source: str) -> tuple[int, int, int]:
        """Return (C, h, w) of features."""
        return self._shapes[source]

    def positions(self, weighting: str) -> float:
        """Return the sum of a weighting; without a mask, how many positions there are."""
        return self._positions[weighting]

    def set_targets(self, statistics: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {term: target statistic}, and {term: factor on its distance} of all terms."""
        self._targets = {name: target.astype(np.float64) for name, target in statistics.items()}
        self._factors = dict(coefficients)

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W)."""
        losses, found = self.evaluate_on_device(self._stage.scatter(picture))
        gradient = disk_arrays.empty((3, *self.layout.shape), on_disk=self._on_disk)
        self._stage.gather(found, gradient)
        return losses, gradient

    # ---- with vectors that stay in the shards

    def evaluate_on_device(self, x: Vector) -> tuple[Array, Vector]:
        """Return (losses, gradient) at a vector in 0..1."""
        team, stage = self._team, self._stage
        self._select(x)
        losses, derivatives = statistic_losses(
            self._terms.statistics, self._sums(), self._targets, self._factors, self._positions
        )
        shared = team.share(derivatives)
        found = [team.ask(i, "gradient", stage.number, shared, self._factors) for i in range(team.size)]
        gradient = Vector(stage)
        summed = self._sum_gradient(gradient)
        names = [name for name in self._terms.names if name not in losses]
        losses |= _added(itertools.chain.from_iterable(team.get(found)), names)
        team.get(summed)
        stage.delete_unused()
        return np.array([losses[name] for name in self._terms.names], np.float32), gradient

    def space(self) -> ShardedSpace:
        """Return the space of the vectors."""
        return ShardedSpace(self._stage, on_disk=self._on_disk)

    def preconditioner(self) -> ShardedPreconditioner:
        """Return their preconditioner."""
        return ShardedPreconditioner(self._stage)

    def _select(self, x: Vector) -> None:
        """Select a vector as the current picture in all shards, which exchange the rows of their halos."""
        stage, team = self._stage, self._team
        halos: list[list[Pending]] = [[] for _ in stage.parts]
        # All rows are asked for before any computation: a shard answers in the order of the calls.
        for (i, part), (j, other) in itertools.permutations(enumerate(stage.parts), 2):
            common = _intersection(part.window_rows, other.own_rows)
            if common is not None:
                halos[i].append(team.ask(j, "rows", stage.number, x.number, common))
        team.get([team.ask(i, "select", stage.number, x.number, *halos[i]) for i in range(team.size)])

    def _sums(self) -> Sums:
        """Return {term: the statistic's sum over positions} of the current picture."""
        if not self._terms.statistics:
            return {}
        bands = itertools.chain.from_iterable(ask_all(self._team, "statistics", self._stage.number))
        return _added(bands, [term.name for term in self._terms.statistics])

    def _sum_gradient(self, gradient: Vector) -> list[Pending]:
        """Let all shards exchange pieces of the gradient, and add up their own rows as a vector."""
        stage, team = self._stage, self._team
        received: list[list[Pending]] = [[] for _ in stage.parts]
        for (i, part), (j, other) in itertools.permutations(enumerate(stage.parts), 2):
            if _intersection(part.window_rows, other.own_rows) is not None:
                received[j].append(team.ask(i, "gradient_pieces", stage.number, other.own_rows))
        return [
            team.ask(j, "sum_gradient", stage.number, gradient.number, *received[j]) for j in range(team.size)
        ]

    def _check(self, label: str) -> None:
        if min(min(shape[1:]) for shape in self._shapes.values()) < 1:
            raise too_small(label, self.layout.shape)


class ShardedFlatObjective:
    """The flat objective in shards: a function of vectors (3·H·W,) in grey levels."""

    def __init__(self, evaluation: ShardedEvaluation) -> None:
        self._evaluation = evaluation
        self._space = evaluation.space()

    def __call__(self, x: Vector) -> tuple[Array, Vector]:
        """Return (losses, gradient)."""
        picture = x.stage.make("add", x.number, None, 1 / _GREY_LEVELS)
        losses, gradient = self._evaluation.evaluate_on_device(picture)
        return losses, x.stage.make("add", gradient.number, None, 1 / _GREY_LEVELS)

    def space(self) -> ShardedSpace:
        """Return the shards' space."""
        return self._evaluation.space()

    def preconditioner(self) -> ShardedPreconditioner:
        """Return the shards' preconditioner."""
        return self._evaluation.preconditioner()

    def distance(self, a: Vector, b: Vector) -> float:
        """Return the root mean square difference."""
        change = self._space.add(a, b, -1.0)
        return math.sqrt(max(self._space.dot(change, change), 0.0) / self._space.size)

    def host(self, vector: Vector) -> Array:
        """Return a copy here."""
        return self._space.array(vector)


def parts(layout: Layout, size: int, *, on_disk: bool) -> list[Part]:
    """Distribute the bands evenly over `size` shards."""
    edges = [round(i * len(layout.bands) / size) for i in range(size + 1)]
    return [Part(layout, first, end, on_disk) for first, end in itertools.pairwise(edges)]


def _intersection(a: slice, b: slice) -> slice | None:
    """Return the common rows, None where there are none."""
    common = slice(max(a.start, b.start), min(a.stop, b.stop))
    return common if common.start < common.stop else None


def _added(bands: Iterable[Mapping[str, N]], names: Sequence[str]) -> dict[str, N]:
    """Return {name: sum over the bands}, added in their order."""
    sums: dict[str, N] = {}
    for found in bands:
        for name in names:
            sums[name] = sums[name] + found[name] if name in sums else found[name]
    return sums
