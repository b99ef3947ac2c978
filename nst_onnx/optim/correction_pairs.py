"""Correction pairs of L-BFGS, and the quasi-Newton direction computed from their inner products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from nst_onnx.optim.optimiser import SavedState, State
from nst_onnx.optim.preconditioned_products import (
    IdentityProducts,
    PreconditionedProducts,
    ProductCorrection,
)
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import Space, stacked
from nst_onnx.support.arrays import Numbers

V = TypeVar("V")

MIN_COSINE = 1e-8  # between s and y; below, a pair measures no positive curvature and is skipped
SCALING_FACTOR = 3.0  # of `geometric_mean_scaling`, from the third pair on

Scaling = Callable[[Numbers, Numbers], float]
"""From s·y and y·Py of the stored pairs, oldest first, to γ of the initial inverse Hessian H₀ = γ P."""


def newest_pair_scaling(steps: Numbers, differences: Numbers) -> float:
    """Return γ = sᵀy / yᵀPy of the newest pair (Nocedal & Wright, "Numerical Optimization", eq. 7.20)."""
    return float(steps[-1] / differences[-1])


def geometric_mean_scaling(steps: Numbers, differences: Numbers) -> float:
    """Return γ = three times the geometric mean of sᵀy / yᵀPy over all pairs; once after one pair, twice
    after two.

    The quotient is |s|/|y| times the cosine between them: an estimate for the directions of largest
    curvature. Other directions curve less, hence the factor. That of the newest pair alone varies
    tenfold from step to step. After the first steps the gradient is still mostly in directions of large
    curvature: with the whole factor the next step is too long. docs/optimiser.md compares other factors and
    means.
    """
    factor = min(len(steps), SCALING_FACTOR)
    return factor * float(np.exp(np.log(steps / differences).mean()))


class CorrectionPairs(Generic[V]):
    """The stored steps s and gradient differences y, the current gradient g, and all their inner products.

    Every direction is a linear combination of these vectors, and its weights need inner products only (Chen,
    Wang & Zhou 2014, "Large-scale L-BFGS using MapReduce"). Products with y are differences of those with two
    gradients, so a step reads each stored vector twice: for its product with g, and for the combination.
    A `ProductCorrection` adds the part of the preconditioner, P − I.
    """

    def __init__(
        self, space: Space[V], preconditioner: Preconditioner | None, history: int, scaling: Scaling
    ) -> None:
        """`preconditioner`: of the same kind of vectors as `space`; `history`: pairs to store."""
        self._space, self._history, self._scaling = space, history, scaling
        self._correction: ProductCorrection[V] = (
            IdentityProducts() if preconditioner is None else PreconditionedProducts(preconditioner, history)
        )
        # Row 0 is g; rows 1 + 2k and 2 + 2k are s and y of the pair in slot k: those in use come first.
        self._matrix = space.matrix(1 + 2 * history)
        self._order: list[int] = []  # slots of the pairs in use, oldest first
        self._steps = np.zeros((history, history))  # s·y, valid where s is not newer than y
        self._differences = np.zeros((history, history))  # y·Py
        self._products = np.zeros(1)  # g·Pg, and s·g and y·Pg of each slot
        self._has_gradient = False

    def __len__(self) -> int:
        return len(self._order)

    @property
    def has_gradient(self) -> bool:
        """True from the first `update` on."""
        return self._has_gradient

    def reset(self) -> None:
        """Discard all pairs."""
        self._order = []

    def update(self, gradient: V, step: V | None) -> bool:
        """Set the gradient at the next iterate, and store the correction pair of the step to it, if any.

        Return whether a pair was stored: it is skipped where the curvature along the step is not positive.
        """
        y = None if step is None else self._space.add(gradient, self._matrix.get(0), -1.0)
        self._matrix.put(0, gradient)
        self._correction.set_gradient(gradient)
        self._has_gradient = True
        pair = None if step is None or y is None else self._store_pair(step, y)
        count = len(self._order)
        before, self._products = self._products, self._matrix.products([gradient], 1 + 2 * count)[0]
        correction = self._correction.products(count)
        self._products[0] += correction[0]
        self._products[2::2] += correction[1:]
        if pair is not None and step is not None:
            self._add_products(step, *pair, before)
        return pair is not None

    def newest_quotient(self) -> float:
        """Return sᵀy / yᵀPy of the newest pair."""
        slot = self._order[-1]
        return float(self._steps[slot, slot] / self._differences[slot, slot])

    def quasi_newton_direction(self) -> tuple[V, float]:
        """Return −H g, and its inner product with g."""
        order = np.asarray(self._order)
        block = np.ix_(order, order)
        steps, differences = self._steps[block], self._differences[block]
        gamma = self._scaling(np.diag(steps), np.diag(differences))
        s, y = 1 + 2 * order, 2 + 2 * order
        weights = np.zeros(len(self._products))
        found = direction_weights(steps, differences, self._products[s], self._products[y], gamma)
        weights[s], weights[y], weights[0] = found
        return self._direction(weights)

    def steepest_descent(self) -> tuple[V, float]:
        """Return −P g, and its inner product with g."""
        return self._direction(np.array([-1.0]))

    def _direction(self, weights: Numbers) -> tuple[V, float]:
        total = self._matrix.combine(weights)
        slope = float(weights @ self._products[: len(weights)])
        return self._correction.add_correction(total, np.concatenate([weights[:1], weights[2::2]])), slope

    def _store_pair(self, s: V, y: V) -> tuple[float, tuple[float, float]] | None:
        """Store a pair, in place of the oldest if full; return s·y, (s·s, y·y), None where skipped."""
        space = self._space
        product, squares = space.dot(s, y), (space.dot(s, s), space.dot(y, y))
        if not product > MIN_COSINE * np.sqrt(squares[0] * squares[1]):
            return None
        slot = self._order.pop(0) if len(self._order) == self._history else len(self._order)
        self._order.append(slot)
        self._matrix.put(1 + 2 * slot, s)
        self._matrix.put(2 + 2 * slot, y)
        self._correction.store_difference(slot)
        return product, squares

    def _add_products(self, s: V, product: float, squares: tuple[float, float], before: Numbers) -> None:
        """Set the newest pair's inner products: the change of those with g since `before`."""
        slot, count = self._order[-1], len(self._order)
        products, known = self._products.copy(), before[: len(self._products)]
        products[: len(known)] -= known
        # These two rows were another pair's before.
        products[1 + 2 * slot] = product
        products[2 + 2 * slot] = squares[1] + self._correction.self_product(slot)
        self._steps[:count, slot] = products[1::2]
        self._differences[:count, slot] = self._differences[slot, :count] = products[2::2]
        if self._correction.add_pair(slot, s, squares):
            change = self._correction.update(count)
            self._differences[:count, :count] += change[1:, 1:]
            self._products[0] += change[0, 0]
            self._products[2::2] += change[0, 1:]

    def state(self) -> State:
        """Return everything that the next directions depend on."""
        count = len(self._order)
        return {
            "rows": stacked(self._matrix, 1 + 2 * count if self._has_gradient else 0, self._space),
            "order": np.asarray(self._order, np.float64),
            "steps": self._steps.copy(),
            "changes": self._differences.copy(),
            "products": self._products.copy(),
            **{f"learnt {name}": value for name, value in self._correction.state(count).items()},
        }

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""
        correction = {k.removeprefix("learnt "): v for k, v in state.items() if k.startswith("learnt ")}
        self._correction.restore(correction)
        for row, vector in enumerate(state["rows"]):
            self._matrix.put(row, self._space.take(vector))
        self._has_gradient = len(state["rows"]) > 0
        self._order = [int(slot) for slot in state["order"]]
        self._steps, self._differences = np.array(state["steps"]), np.array(state["changes"])
        self._products = np.array(state["products"])


def direction_weights(
    steps: Numbers, differences: Numbers, s_g: Numbers, y_g: Numbers, gamma: float
) -> tuple[Numbers, Numbers, float]:
    """Return the weights of s₁…s_m, Py₁…Py_m and Pg in −H g, oldest pair first.

    `steps`: s_i·y_j, read where i ≤ j; `differences`: y_i·Py_j; `s_g`: s_i·g; `y_g`: y_i·Pg. H is the L-BFGS
    inverse Hessian with H₀ = γ P in its compact representation (Byrd, Nocedal & Schnabel 1994,
    "Representations of quasi-Newton matrices and their use in limited memory methods", Theorem 2.2).
    """
    upper = np.triu(steps)
    back: Any = np.linalg.solve(upper, s_g)
    rest = np.diag(steps) * back - gamma * (y_g - differences @ back)
    # With rows and columns reversed the transpose is upper triangular too, so the solver does not pivot.
    forth: Any = np.linalg.solve(upper.T[::-1, ::-1], rest[::-1])[::-1]
    return -forth, gamma * back, -gamma
