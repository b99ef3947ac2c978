"""Preconditioned inner products u·Pv of the stored L-BFGS vectors, and P of their linear combinations.

Both for P − I only: the plain inner products are in `correction_pairs`.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from nst_onnx.optim.optimiser import SavedState, State
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import stacked
from nst_onnx.support.arrays import Numbers

V = TypeVar("V")


class ProductCorrection(Protocol[V]):
    """Protocol for the correction P − I, applied to the current gradient g and the gradient differences y.

    The differences are stored in numbered slots.
    """

    def set_gradient(self, gradient: V) -> None:
        """Set the current gradient g."""

    def store_difference(self, slot: int) -> None:
        """Store y = current gradient − previous gradient in a slot."""

    def add_pair(self, slot: int, s: V, squares: tuple[float, float]) -> bool:
        """Add s, the y in the slot, and (s·s, y·y) to the estimate of P. Return whether `update` is due."""

    def update(self, count: int) -> Numbers:
        """Set P to its estimate, and return the change of u·Pv, (1 + count)², among g and the first y's."""

    def products(self, count: int) -> Numbers:
        """Return g·(P − I)g, and y·(P − I)g of the first `count` slots."""

    def self_product(self, slot: int) -> float:
        """Return y·(P − I)y."""

    def add_correction(self, total: V, weights: Numbers) -> V:
        """Return `total` + (P − I) Σ weight × vector, over g and the first slots."""

    def state(self, count: int) -> State:
        """Return the estimate of P, and what is stored of g and `count` differences."""

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""


class IdentityProducts(Generic[V]):
    """No correction: P = I."""

    def set_gradient(self, gradient: V) -> None:
        """Do nothing."""

    def store_difference(self, slot: int) -> None:
        """Do nothing."""

    def add_pair(self, slot: int, s: V, squares: tuple[float, float]) -> bool:
        """Return False: nothing is estimated."""
        return False

    def update(self, count: int) -> Numbers:
        """Return zeros."""
        return np.zeros((1 + count, 1 + count))

    def products(self, count: int) -> Numbers:
        """Return zeros."""
        return np.zeros(1 + count)

    def self_product(self, slot: int) -> float:
        """Return zero."""
        return 0.0

    def add_correction(self, total: V, weights: Numbers) -> V:
        """Return `total`."""
        return total

    def state(self, count: int) -> State:
        """Return an empty state."""
        return {}

    def restore(self, state: SavedState) -> None:
        """Do nothing."""


class PreconditionedProducts(Generic[V]):
    """The correction for P = I + Cᵀ E C, from DCT coefficients alone: u·Pv = u·v + (Cu)·E(Cv).

    There are a sixteenth as many coefficients as a vector has numbers, and those of y are the difference of
    two gradients'. So a step transforms one vector, and P is applied once, to the direction as a whole; when
    E changes, only products of coefficients are computed again.
    """

    def __init__(self, preconditioner: Preconditioner, history: int) -> None:
        """`preconditioner`: of the same kind of vectors; `history`: number of slots."""
        self._preconditioner: Any = preconditioner  # its vectors are V, wherever they are
        self._space = self._preconditioner.space
        self._matrix = self._space.matrix(1 + history)  # coefficients of g, and of the y in each slot
        self._coefficients: Any = None  # of g
        self._previous: Any = None  # of the gradient before

    def set_gradient(self, gradient: V) -> None:
        """Transform it."""
        self._previous, self._coefficients = self._coefficients, self._preconditioner.dct(gradient)
        self._matrix.put(0, self._coefficients)

    def store_difference(self, slot: int) -> None:
        """Store the coefficients of y."""
        self._matrix.put(1 + slot, self._space.add(self._coefficients, self._previous, -1.0))

    def add_pair(self, slot: int, s: V, squares: tuple[float, float]) -> bool:
        """Add the pair's coefficients to the preconditioner's estimate."""
        preconditioner = self._preconditioner
        if not preconditioner.estimating:
            return False
        return bool(preconditioner.add_pair(preconditioner.dct(s), self._matrix.get(1 + slot), squares))

    def update(self, count: int) -> Numbers:
        """Update E."""
        before = self._gram(count)
        self._preconditioner.update_gain()
        return self._gram(count) - before

    def products(self, count: int) -> Numbers:
        """Return (Cg)·E(Cg), and (Cy)·E(Cg) of the first `count` slots."""
        weighted = self._preconditioner.apply_excess_gain(self._coefficients)
        found: Numbers = self._matrix.products([weighted], 1 + count)[0]
        return found

    def self_product(self, slot: int) -> float:
        """Return (Cy)·E(Cy)."""
        coefficients = self._matrix.get(1 + slot)
        return float(self._space.dot(coefficients, self._preconditioner.apply_excess_gain(coefficients)))

    def add_correction(self, total: V, weights: Numbers) -> V:
        """Return `total` + Cᵀ E Σ weight × coefficients."""
        combined = self._preconditioner.apply_excess_gain(self._matrix.combine(weights))
        corrected: V = self._preconditioner.add_inverse_dct(total, combined)
        return corrected

    def state(self, count: int) -> State:
        """Return the preconditioner's state, and the stored coefficients."""
        rows = 0 if self._coefficients is None else 1 + count
        return {**self._preconditioner.state(), "waves": stacked(self._matrix, rows, self._space)}

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""
        self._preconditioner.restore(state)
        self._coefficients = self._previous = None
        for row, coefficients in enumerate(state["waves"]):
            self._matrix.put(row, self._space.take(coefficients))
        if len(state["waves"]):
            self._coefficients = self._space.take(state["waves"][0])

    def _gram(self, count: int) -> Numbers:
        """Return (Cu)·E(Cv) among g and the first `count` differences."""
        weighted = [self._preconditioner.apply_excess_gain(self._matrix.get(row)) for row in range(1 + count)]
        found: Numbers = self._matrix.products(weighted, 1 + count)
        return found
