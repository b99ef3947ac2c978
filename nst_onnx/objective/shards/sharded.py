"""The losses of a picture and their gradient, its rows spread over shards.

Each step moves rows of halo between neighbours, and Gram matrices, sums and waves to whoever drives the
optimiser; nothing that grows with the picture but the halos' width.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.shard import Share
from nst_onnx.objective.shards.space import Sharded, ShardedPreconditioner, Stage, Vector
from nst_onnx.objective.shards.team import Team, everyone
from nst_onnx.objective.tiles.layout import Layout
from nst_onnx.objective.tiles.tiled import style_losses
from nst_onnx.objective.whole import too_small
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

_GREY_LEVELS = 255.0
_stages = itertools.count(1)


class ShardedPicture:
    """A picture of one size, as `objective.whole.Whole`. Pictures that come and go are 3×H×W, 0..1."""

    def __init__(
        self,
        team: Team,
        network: Network,
        terms: Terms,
        layout: Layout,
        mask: Array | None = None,
        *,
        on_disk: bool = False,
    ) -> None:
        """`on_disk`: where shards keep their vectors."""
        self._terms, self.layout, self._on_disk = terms, layout, on_disk
        self._team = team
        stage = Stage(team, shares(layout, team.size, on_disk=on_disk), next(_stages))
        self._stage = stage
        while team.ended:
            everyone(team, "end", team.ended.pop())
        weakref.finalize(self, team.ended.append, stage.number)
        extractor, seen = team.share(network.extractor), team.share(mask)
        facts = team.get(
            [
                team.ask(
                    i, "begin", stage.number, extractor, network.device, team.threads, terms, share, seen
                )
                for i, share in enumerate(stage.shares)
            ]
        )[0]
        self._shapes: dict[str, tuple[int, int, int]] = {layer: shape for layer, (shape, _) in facts.items()}
        self._positions = {layer: positions for layer, (_, positions) in facts.items()}
        self._targets: dict[str, npt.NDArray[np.float64]] = {}
        self._factors: dict[str, float] = {}

    # ---- as any evaluation

    def grams(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {layer: C×C}: the picture's Gram matrices per position."""
        self._check(label)
        self._look(self._stage.scatter(picture))
        found = self._grams()
        return {layer: gram.astype(np.float32) for layer, gram in found.items()}

    def keep_content(self, picture: Array, label: str) -> dict[str, float]:
        """Make a picture the content, and return {layer: the sum of its features' squares}."""
        self._check(label)
        self._look(self._stage.scatter(picture))
        bands = itertools.chain.from_iterable(everyone(self._team, "keep_content", self._stage.number))
        return _added(bands, self._terms.content)

    def keep_before(self, warped: Array, trust: Array) -> None:
        """Raise OptionError: frames of a video are not spread."""
        raise OptionError("the frames of a video are painted by one process each", "leave out --ray")

    def features(self, layer: str) -> tuple[int, int, int]:
        """Return (C, h, w) of a layer."""
        return self._shapes[layer]

    def aim(self, targets: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {layer: the style's Gram matrix}, and {term: the factor on its squared differences}."""
        self._targets = {layer: target.astype(np.float64) for layer, target in targets.items()}
        self._factors = dict(coefficients)

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W)."""
        losses, slope = self.evaluate_on_device(self._stage.scatter(picture))
        gradient = disk_arrays.empty((3, *self.layout.shape), on_disk=self._on_disk)
        self._stage.gather(slope, gradient)
        return losses, gradient

    # ---- with vectors that stay where they are

    def evaluate_on_device(self, x: Vector) -> tuple[Array, Vector]:
        """Do the same with a vector in 0..1."""
        team, stage = self._team, self._stage
        self._look(x)
        losses, pulls = style_losses(
            self._grams() if self._terms.style else {}, self._targets, self._factors, self._positions
        )
        shared = team.share(pulls)
        found = [team.ask(i, "gradient", stage.number, shared, self._factors) for i in range(team.size)]
        gradient = Vector(stage)
        spills = {
            (i, j): team.ask(i, "spill", stage.number, stage.shares[j].rows)
            for i, j in itertools.permutations(range(team.size), 2)
            if _meet(stage.shares[i].seen, stage.shares[j].rows)
        }
        settled = [
            team.ask(
                j, "settle", stage.number, gradient.number, *(s for (_, to), s in spills.items() if to == j)
            )
            for j in range(team.size)
        ]
        names = [name for name in self._terms.names if not name.startswith("style/")]
        losses |= _added(itertools.chain.from_iterable(team.get(found)), names)
        team.get(settled)
        stage.forget()
        return np.array([losses[name] for name in self._terms.names], np.float32), gradient

    def space(self) -> Sharded:
        """Return the space of the vectors."""
        return Sharded(self._stage, on_disk=self._on_disk)

    def preconditioner(self) -> ShardedPreconditioner:
        """Return their preconditioner."""
        return ShardedPreconditioner(self._stage)

    def _look(self, x: Vector) -> None:
        """Let all shards look at a vector, and hand each other the rows that they see."""
        stage, team = self._stage, self._team
        halos: list[list[Any]] = [[] for _ in stage.shares]
        # All rows are asked for before anybody begins to compute: a shard answers in the order it is asked.
        for (i, share), (j, other) in itertools.permutations(enumerate(stage.shares), 2):
            if _meet(share.seen, other.rows):
                top, bottom = max(share.seen.start, other.rows.start), min(share.seen.stop, other.rows.stop)
                halos[i].append(team.ask(j, "rows", stage.number, x.number, slice(top, bottom)))
        team.get([team.ask(i, "look", stage.number, x.number, *halos[i]) for i in range(team.size)])

    def _grams(self) -> dict[str, npt.NDArray[np.float64]]:
        bands = itertools.chain.from_iterable(everyone(self._team, "statistics", self._stage.number))
        sums = _added(bands, self._terms.style)
        return {layer: total / self._positions[layer] for layer, total in sums.items()}

    def _check(self, label: str) -> None:
        if min(min(shape[1:]) for shape in self._shapes.values()) < 1:
            raise too_small(label, self.layout.shape)


class ShardedFlatObjective:
    """The objective as the optimiser sees it: vectors (3·H·W,) in grey levels, spread over shards."""

    def __init__(self, picture: ShardedPicture) -> None:
        self._picture = picture
        self._space = picture.space()

    def __call__(self, x: Vector) -> tuple[Array, Vector]:
        """Return (losses, gradient)."""
        shown = x.stage.make("add", x.number, None, 1 / _GREY_LEVELS)
        losses, gradient = self._picture.evaluate_on_device(shown)
        return losses, x.stage.make("add", gradient.number, None, 1 / _GREY_LEVELS)

    def space(self) -> Sharded:
        """Return the shards' space."""
        return self._picture.space()

    def preconditioner(self) -> ShardedPreconditioner:
        """Return the shards' preconditioner."""
        return self._picture.preconditioner()

    def distance(self, a: Vector, b: Vector) -> float:
        """Return the root mean square difference."""
        change = self._space.add(a, b, -1.0)
        return math.sqrt(max(self._space.dot(change, change), 0.0) / self._space.size)

    def host(self, vector: Vector) -> Array:
        """Return a copy here."""
        return self._space.array(vector)


def shares(layout: Layout, size: int, *, on_disk: bool) -> list[Share]:
    """Give each of `size` shards some bands, as evenly as can be."""
    edges = [round(i * len(layout.bands) / size) for i in range(size + 1)]
    return [Share(layout, first, end, on_disk) for first, end in itertools.pairwise(edges)]


def _meet(a: slice, b: slice) -> bool:
    return bool(max(a.start, b.start) < min(a.stop, b.stop))


def _added(bands: Any, names: Sequence[str]) -> dict[str, Any]:
    """Add up what the bands found, in their order."""
    sums: dict[str, Any] = {}
    for found in bands:
        for name in names:
            sums[name] = sums[name] + found[name] if name in sums else found[name]
    return sums
