"""Term pruning: negligible style terms are skipped, and with them the layers that no other term requires.

Where layers are not weighed against each other, the deepest one's term can be thousands of times smaller
than the others, in loss and in gradient, and costs a fifth of every evaluation. A small loss alone is no
evidence: a term may be small because its gradient balances the others'.
So a term's gradient is measured before it is pruned, and again later. Content terms stay: from the content
as initial picture their loss is zero at first.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from nst_onnx.objective.objective import Objective
from nst_onnx.painting.flat_objective import FlatObjective, Vector
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject

LOSS = 0.005  # of the total: pruned terms never add up to more
GRADIENT = 0.03  # of the gradient's length: about as much as bfloat16 changes it
FIRST = 8  # evaluations: by then the first long steps are over
AGAIN = 100  # evaluations between two checks
FEWEST = 40  # evaluations to come: with fewer, preparing the smaller network takes longer than it saves


def can_prune(objective: Objective) -> bool:
    """Return whether pruning is possible and pays: one graph for the whole picture, on the CPU.

    On a GPU it has not been measured, and would take memory for both networks.
    """
    return objective.whole and not objective.network.device.backend.vectors_on_device


class TermPruning:
    """Decides which negligible style terms to skip for the next evaluations.

    Checks after `FIRST` evaluations, then after every `AGAIN`, and whenever the loss or the gradient has
    become so small that what is pruned might matter. A term that was restored once stays.
    """

    def __init__(self, objective: Objective, flat: FlatObjective, evaluations: int = sys.maxsize) -> None:
        """`objective`: of the whole picture; `flat`: the same as a function of vectors.

        `evaluations`: how many there will be at most.
        """
        self._objective, self._flat, self._evaluations = objective, flat, evaluations
        self._space = flat.space()
        self._next = FIRST
        self._small = 0.0  # the length of the pruned gradient
        self._needed: frozenset[str] = frozenset()
        self._losses: Array = np.zeros(len(objective.terms.names), np.float32)
        self.pruned: tuple[str, ...] = ()

    def due(self, count: int, losses: Array, gradient: Vector) -> bool:
        """Return whether to `check`, after `count` evaluations, the last of which gave these."""
        if count + FEWEST > self._evaluations:
            return False
        if count >= self._next:
            return True
        if not self.pruned:
            return False
        loss = self._by_name(losses)
        if sum(loss[name] for name in self.pruned) > LOSS * sum(loss.values()):
            return True
        return self._small > GRADIENT * self._length(self._space.take(gradient))

    def check(self, count: int, x: Vector, losses: Array, gradient: Vector) -> tuple[Array, Vector]:
        """Choose the terms to prune, and return losses and gradient at `x` of all terms.

        `losses` and `gradient`: those just evaluated at `x`, after `count` evaluations.
        """
        before = self.pruned
        if before:
            self._prune((), losses)
            losses, gradient = self._flat(x)
        losses, gradient = losses.copy(), self._space.take(gradient)
        small, self._small = self._negligible_terms(losses), 0.0
        while small:
            with self._objective.restricted_to(small):
                self._small = self._length(self._space.take(self._flat(x)[1]))
            if self._small <= GRADIENT * self._length(gradient):
                break
            small.pop()
        self._needed |= set(before) - set(small)
        self._prune(tuple(small), losses)
        self._next = count + AGAIN
        return losses, gradient

    def _prune(self, names: tuple[str, ...], losses: Array) -> None:
        self.pruned, self._losses = names, losses
        self._objective.prune(names, losses)

    def _negligible_terms(self, losses: Array) -> list[str]:
        """Return the terms of the deepest layers, deepest first, that are negligible together."""
        terms, loss = self._objective.terms, self._by_name(losses)
        most, found = LOSS * sum(loss.values()), list[str]()
        layers = [layer for layer in self._objective.network.extractor.layers if layer in terms.layers]
        for layer in reversed(layers[1:]):  # without any layer there is no network
            there = [term for term in terms.features if term.layer == layer]
            names = [term.name for term in there]
            most -= sum(loss[name] for name in names)
            required = not self._needed.isdisjoint(names)
            if required or any(term.loss.target == "content" for term in there) or not most >= 0:
                break
            found += names
        return found

    def _by_name(self, losses: Array) -> dict[str, float]:
        return dict(zip(self._objective.terms.names, map(float, losses), strict=True))

    def _length(self, vector: Vector) -> float:
        return math.sqrt(self._space.dot(vector, vector))

    def state(self) -> JsonObject:
        """Return all that the next checks depend on, fit for JSON."""
        return {
            "next": self._next,
            "small": self._small,
            "needed": sorted(self._needed),
            "pruned": self.pruned,
            "losses": [float(loss) for loss in self._losses],
        }

    def restore(self, state: JsonObject) -> None:
        """Set a `state`."""
        self._next, self._small = state["next"], state["small"]
        self._needed = frozenset(state["needed"])
        self._prune(tuple(state["pruned"]), np.array(state["losses"], np.float32))
