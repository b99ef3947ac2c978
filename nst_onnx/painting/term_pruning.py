"""Style terms that hardly matter are left out, and with them the layers that nothing else needs.

Where layers are not weighed against each other, the deepest one's term can be thousands of times smaller
than the others, in loss and in gradient, and costs a fifth of every evaluation. A small loss alone does not
tell: a term may be small because its weight holds it down. So a term's gradient is measured before it is
left out, and again later. Content terms stay: a picture that starts from the content has none of their loss
at first, because it has not yet moved.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from nst_onnx.objective.objective import Objective
from nst_onnx.painting.flat_objective import Landscape
from nst_onnx.support.arrays import Array

LOSS = 0.005  # of the total: more is never left out
SLOPE = 0.03  # of the gradient's length: about as much as bfloat16 changes it
FIRST = 8  # evaluations: by then the first long steps are over
AGAIN = 100  # evaluations
FEWEST = 40  # evaluations to come: with fewer, preparing the smaller network takes longer than it saves


def possible(objective: Objective) -> bool:
    """Return whether there is anything to gain: the picture is taken as a whole, on the CPU.

    On a GPU it has not been measured, and would take memory for both networks.
    """
    return objective.whole and not objective.network.device.backend.vectors_on_device


class Thrift:
    """What to leave out of an objective for now, on the landscape that a picture goes down.

    It looks after `FIRST` evaluations, then after every `AGAIN`, and whenever the loss or the gradient has
    become so small that what is left out might matter. A term that has come back stays.
    """

    def __init__(self, objective: Objective, ground: Landscape, evaluations: int = sys.maxsize) -> None:
        """`objective` takes the picture as a whole, and is what `ground` shows.

        `evaluations`: how many there will be at most.
        """
        self._objective, self._ground, self._evaluations = objective, ground, evaluations
        self._space = ground.space()
        self._next = FIRST
        self._small = 0.0  # the length of the gradient that is left out
        self._needed: frozenset[str] = frozenset()
        self._losses: Array = np.zeros(len(objective.terms.names), np.float32)
        self.left_out: tuple[str, ...] = ()

    def due(self, count: int, losses: Array, gradient: Any) -> bool:
        """Return whether to `look`, after `count` evaluations, the last of which gave these."""
        if count + FEWEST > self._evaluations:
            return False
        if count >= self._next:
            return True
        if not self.left_out:
            return False
        loss = self._by_name(losses)
        if sum(loss[name] for name in self.left_out) > LOSS * sum(loss.values()):
            return True
        return self._small > SLOPE * self._length(self._space.take(gradient))

    def look(self, count: int, x: Any, losses: Array, gradient: Any) -> tuple[Array, Any]:
        """Look what can be left out, and return the losses and the gradient at `x` with nothing left out.

        `losses` and `gradient`: what the landscape has just shown at `x`, after `count` evaluations.
        """
        before = self.left_out
        if before:
            self._leave_out((), losses)
            losses, gradient = self._ground(x)
        losses, gradient = losses.copy(), self._space.take(gradient)
        small, self._small = self._least(losses), 0.0
        while small:
            with self._objective.only(small):
                self._small = self._length(self._space.take(self._ground(x)[1]))
            if self._small <= SLOPE * self._length(gradient):
                break
            small.pop()
        self._needed |= set(before) - set(small)
        self._leave_out(tuple(small), losses)
        self._next = count + AGAIN
        return losses, gradient

    def _leave_out(self, names: tuple[str, ...], losses: Array) -> None:
        self.left_out, self._losses = names, losses
        self._objective.leave_out(names, losses)

    def _least(self, losses: Array) -> list[str]:
        """Return the terms of the deepest layers, deepest first, that add up to next to nothing."""
        terms, loss = self._objective.terms, self._by_name(losses)
        most, found = LOSS * sum(loss.values()), list[str]()
        layers = [layer for layer in self._objective.network.extractor.layers if layer in terms.layers]
        for layer in reversed(layers[1:]):  # without any layer there is no network
            name = f"style/{layer}"
            most -= loss.get(name, 0.0)
            if layer in terms.content or name in self._needed or not most >= 0:
                break
            found.append(name)
        return found

    def _by_name(self, losses: Array) -> dict[str, float]:
        return dict(zip(self._objective.terms.names, map(float, losses), strict=True))

    def _length(self, vector: Any) -> float:
        return math.sqrt(self._space.dot(vector, vector))

    def state(self) -> dict[str, Any]:
        """Return all that the next looks depend on, fit for JSON."""
        return {
            "next": self._next,
            "small": self._small,
            "needed": sorted(self._needed),
            "left_out": self.left_out,
            "losses": [float(loss) for loss in self._losses],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self._next, self._small = state["next"], state["small"]
        self._needed = frozenset(state["needed"])
        self._leave_out(tuple(state["left_out"]), np.array(state["losses"], np.float32))
