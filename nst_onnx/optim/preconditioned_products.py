"""P among the vectors that L-BFGS keeps: their products u·P v, and P of their weighted sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from nst_onnx.optim.optimiser import State
from nst_onnx.optim.space import stacked
from nst_onnx.support.arrays import Numbers

V = TypeVar("V")


class Metric(Protocol[V]):
    """What P − I adds. The vectors are a gradient g and gradient changes y, each y in a place of its own."""

    def turn(self, gradient: V) -> None:
        """Let this be g from now on."""

    def keep(self, place: int) -> None:
        """Let the y there be the last g minus the one before."""

    def learn(self, place: int, s: V, squares: tuple[float, float]) -> bool:
        """Take in the y there, its step s, and s·s and y·y. Return whether to `relearn` now."""

    def relearn(self, count: int) -> Numbers:
        """Change P to what has been learnt, and return by how much u·P v is more, for g and `count` y's."""

    def products(self, count: int) -> Numbers:
        """Return g·(P − I) g, and y·(P − I) g of the first `count` places."""

    def square(self, place: int) -> float:
        """Return y·(P − I) y."""

    def applied(self, total: V, weights: Numbers) -> V:
        """Return `total` + (P − I) (Σ weight × vector), of g and the first places."""

    def state(self, count: int) -> State:
        """Return what has been learnt, and what is kept of g and `count` y's."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""


class Identity:
    """P = I."""

    def turn(self, gradient: Any) -> None:
        """Do nothing."""

    def keep(self, place: int) -> None:
        """Do nothing."""

    def learn(self, place: int, s: Any, squares: tuple[float, float]) -> bool:
        """Learn nothing."""
        return False

    def relearn(self, count: int) -> Numbers:
        """Change nothing."""
        return np.zeros((1 + count, 1 + count))

    def products(self, count: int) -> Numbers:
        """Return zeros."""
        return np.zeros(1 + count)

    def square(self, place: int) -> float:
        """Return zero."""
        return 0.0

    def applied(self, total: V, weights: Numbers) -> V:
        """Return the sum itself."""
        return total

    def state(self, count: int) -> State:
        """Return nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


class PreconditionedProducts(Generic[V]):
    """P = I + Cᵀ E C, by the vectors' waves alone: u·P v = u·v + (C u)·E (C v).

    Waves are a sixteenth of a vector's length, and those of y the difference of two gradients'. So a step
    takes the waves of one vector, and P is applied once, to the direction as a whole; and when E changes,
    nothing is made anew but products of waves.
    """

    def __init__(self, preconditioner: Any, history: int) -> None:
        """`preconditioner`: a `Preconditioner` of these vectors; `history`: how many places there are."""
        self._preconditioner, self._space = preconditioner, preconditioner.space
        self._rows = self._space.rows(1 + history)  # waves of g, and of the y in each place
        self._waves: Any = None  # of g, and of the one before
        self._before: Any = None

    def turn(self, gradient: V) -> None:
        """Look at its waves."""
        self._before, self._waves = self._waves, self._preconditioner.waves(gradient)
        self._rows.put(0, self._waves)

    def keep(self, place: int) -> None:
        """Keep the waves of y."""
        self._rows.put(1 + place, self._space.add(self._waves, self._before, -1.0))

    def learn(self, place: int, s: V, squares: tuple[float, float]) -> bool:
        """Let P learn."""
        preconditioner = self._preconditioner
        if not preconditioner.learns:
            return False
        return bool(preconditioner.learn(preconditioner.waves(s), self._rows.get(1 + place), squares))

    def relearn(self, count: int) -> Numbers:
        """Change E."""
        before = self._among(count)
        self._preconditioner.relearn()
        return self._among(count) - before

    def products(self, count: int) -> Numbers:
        """Return them by waves."""
        found: Numbers = self._rows.products([self._preconditioner.weigh(self._waves)], 1 + count)[0]
        return found

    def square(self, place: int) -> float:
        """Return it by waves."""
        waves = self._rows.get(1 + place)
        return float(self._space.dot(waves, self._preconditioner.weigh(waves)))

    def applied(self, total: V, weights: Numbers) -> V:
        """Add the picture that the weighed waves make."""
        smooth: V = self._preconditioner.plus(total, self._preconditioner.weigh(self._rows.combine(weights)))
        return smooth

    def state(self, count: int) -> State:
        """Return what P has learnt, and the waves kept."""
        rows = 0 if self._waves is None else 1 + count
        return {**self._preconditioner.state(), "waves": stacked(self._rows, rows, self._space)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self._preconditioner.restore(state)
        self._waves = self._before = None
        for row, waves in enumerate(state["waves"]):
            self._rows.put(row, self._space.take(waves))
        if len(state["waves"]):
            self._waves = self._space.take(state["waves"][0])

    def _among(self, count: int) -> Numbers:
        weighed = [self._preconditioner.weigh(self._rows.get(row)) for row in range(1 + count)]
        found: Numbers = self._rows.products(weighed, 1 + count)
        return found
