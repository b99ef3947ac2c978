"""The descent: one pyramid level, from its initial picture to its best iterate."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.objective.objective import Objective
from nst_onnx.optim import Average
from nst_onnx.optim.optimiser import State
from nst_onnx.painting.checkpoint import Arrays
from nst_onnx.painting.flat_objective import Vector, flat_objective, to_picture, to_vector
from nst_onnx.painting.optimiser_settings import OptimiserSettings, carry_over
from nst_onnx.painting.term_pruning import TermPruning, can_prune
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject

PLATEAU = 10  # evaluations between two plateau tests
_REMATCH = 15  # evaluations between two matchings of the picture with the style
_VECTORS = 12  # of an optimiser and of the descent, beside the correction pairs


@dataclass(frozen=True)
class DescentSettings:
    """How a level is optimised.

    `averaging`: decay of the running average of iterates that becomes the result, 0 for the best iterate.
    `min_change`: grey levels (root mean square); a level ends where ten evaluations changed the best
    iterate by less. 0: never.
    """

    optimiser: OptimiserSettings
    averaging: float = 0.0
    min_change: float = 0.0


class Descent:
    """Minimises an objective from a picture: `evaluate`, then `step`, in turns.

    `objective` may be closed once the descent has ended: the pictures stay.
    """

    def __init__(
        self,
        objective: Objective,
        start: Array,
        settings: DescentSettings,
        *,
        evaluations: int = sys.maxsize,
        warm_start: State | None = None,
    ) -> None:
        """`start`: a picture H×W×3, or a vector (3·H·W,) of one in grey levels.

        `evaluations`: how many there will be at most. `warm_start`: `carry_over` of a coarser level.
        """
        self._objective, self._settings = objective, settings
        self.shape, optimiser = objective.shape, settings.optimiser
        state = _VECTORS + 2 * optimiser.pairs(evaluations)
        fits = objective.memory.holds_state(state * 12 * self.shape[0] * self.shape[1])
        self.on_disk = objective.sharded is not None or not fits
        on_host = optimiser.name == "adam" or settings.averaging > 0  # neither has kernels for a device
        self._flat = flat_objective(objective, on_disk=self.on_disk, on_host=on_host)
        vector = start if start.ndim == 1 else to_vector(start, on_disk=self.on_disk)
        self._optimiser = optimiser.start(vector, self._flat, evaluations=evaluations, warm_start=warm_start)
        prunes = optimiser.preconditioned and can_prune(objective)  # published recipes keep all their terms
        self._pruning = TermPruning(objective, self._flat, evaluations) if prunes else None
        self._average = Average(settings.averaging)
        self.count = 0
        self.current: Vector = self._optimiser.x
        self.losses: dict[str, float] = {}
        self.best: Vector = self._optimiser.x
        self.best_loss = np.inf
        self.best_losses: dict[str, float] = {}
        self._earlier: Vector = self._optimiser.x  # the best iterate at the last plateau test
        self._gradient: Vector = None
        self.pruning_seconds = 0.0

    @property
    def pruned(self) -> tuple[str, ...]:
        """The style terms that are not computed at present."""
        return self._pruning.pruned if self._pruning else ()

    def evaluate(self) -> float:
        """Evaluate the current iterate and return its loss; it becomes the best where its loss is lower.

        Raises ModelError where the first loss is not a number.
        """
        self._match()
        x = self._optimiser.x
        terms, gradient = self._flat(x)
        self.losses, self.pruning_seconds = self._objective.named(terms), 0.0
        improved = self.losses["total"] < self.best_loss
        if improved and self._pruning is not None and self._pruning.due(self.count, terms, gradient):
            begun = time.monotonic()
            terms, gradient = self._pruning.check(self.count, x, terms, gradient)
            self._optimiser.accept_next()
            self.losses, self.pruning_seconds = self._objective.named(terms), time.monotonic() - begun
        loss = self.losses["total"]
        if not np.isfinite(loss) and self.best_loss == np.inf:
            raise ModelError(
                "the loss is not a number", "the model's weights or the options are out of range"
            )
        self.current, self._gradient = x, gradient
        if improved:
            self.best, self.best_loss, self.best_losses = x, loss, self.losses
        if self._settings.averaging:
            self._average.add(x)
        self.count += 1
        return loss

    def _match(self) -> None:
        """At every 15th evaluation, match the current iterate with the style: the objective changes."""
        if not self._objective.has_matches or self.count % _REMATCH:
            return
        self._objective.match(self.picture_of(self._optimiser.x))
        self.best_loss = np.inf  # losses before and after are not comparable
        self._optimiser.accept_next()

    def step(self) -> None:
        """Move to the next iterate."""
        self._optimiser.tell(self.losses["total"], self._gradient)

    def warm_up(self) -> None:
        """Evaluate the current iterate without any effect, for measurements."""
        self._flat(self._optimiser.x)

    def on_plateau(self) -> bool:
        """Plateau test: whether the best iterate moved less than `min_change` in ten evaluations."""
        if not self._settings.min_change or self.count % PLATEAU:
            return False
        still = self.count > PLATEAU and self._flat.distance(self.best, self._earlier) < (
            self._settings.min_change
        )
        self._earlier = self.best
        return still

    def picture(self) -> Array:
        """Return the best iterate or the running average as a picture H×W×3, values not clipped."""
        return self.picture_of(self._average.value if self._average.weight else self.best)

    def picture_of(self, vector: Vector, shape: tuple[int, int] | None = None) -> Array:
        """Return the picture H×W×3 of an optimiser's vector, of another level with its `shape`."""
        return to_picture(self._flat.host(vector), shape or self.shape, on_disk=self.on_disk)

    def carry_over(self) -> State:
        """Return the state that the next finer level can start with."""
        return carry_over(self._optimiser)

    def state(self) -> tuple[JsonObject, Arrays]:
        """Return (facts fit for JSON, arrays): all that the rest of the level depends on.

        With vectors on disk the only array is the best iterate, from which the optimiser starts again:
        writing the many gigabytes of its history would take too long.
        """
        facts = {
            "best_losses": self.best_losses,
            "average_weight": self._average.weight,
            "pruning": self._pruning and self._pruning.state(),
        }
        arrays: Arrays = {"best": self._flat.host(self.best)}
        if not self.on_disk:
            arrays = {"best": arrays["best"].copy(), "earlier": self._flat.host(self._earlier).copy()}
            arrays |= {f"optimiser/{name}": value for name, value in self._optimiser.state().items()}
            if self._average.sum is not None:
                arrays["average"] = self._average.sum.copy()
        if self._objective.matched is not None:
            arrays["matched"] = self._objective.matched
        return facts, arrays

    def restore(self, count: int, facts: JsonObject, arrays: Arrays) -> None:
        """Set the `state` after `count` evaluations."""
        self.count = count
        self.best_losses = facts["best_losses"]
        self.best_loss = self.best_losses["total"]
        if self._pruning is not None and facts["pruning"] is not None:  # it may have been in tiles
            self._pruning.restore(facts["pruning"])
        if self._objective.has_matches:
            self._objective.set_matched(arrays["matched"])
        state = {n.partition("/")[2]: a for n, a in arrays.items() if n.startswith("optimiser/")}
        if not state:
            return
        self._optimiser.restore(state)
        take = self._flat.space().take
        self.best, self._earlier = take(arrays["best"]), take(arrays["earlier"])
        self._average.sum, self._average.weight = arrays.get("average"), facts["average_weight"]
