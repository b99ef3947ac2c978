"""The pairs that L-BFGS remembers, and the direction that they and a gradient make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from nst_onnx.optim.optimiser import State
from nst_onnx.optim.preconditioned_products import Identity, Metric, PreconditionedProducts
from nst_onnx.optim.space import Space, stacked
from nst_onnx.support.arrays import Numbers

V = TypeVar("V")

_FLAT = 1e-8  # cosine between step and gradient change below which a pair says nothing of the curvature
_BOLD = 3.0

Scaling = Callable[[Numbers, Numbers], float]
"""From s·y and y·P y of the pairs kept, oldest first, to γ: how far H₀ = γ P goes where no pair tells."""


def newest(steps: Numbers, changes: Numbers) -> float:
    """Return sᵀy / yᵀP y of the newest pair (Nocedal & Wright, "Numerical Optimization", eq. 7.20)."""
    return float(steps[-1] / changes[-1])


def bold(steps: Numbers, changes: Numbers) -> float:
    """Return three times the geometric mean of sᵀy / yᵀP y over all pairs.

    The quotient is that of the lengths of s and y, times the cosine between them: it measures the directions
    that curve most, and where no pair tells the function curves less. The newest pair's alone goes up and
    down tenfold from step to step. docs/optimiser.md says what other factors and means did.
    """
    return _BOLD * float(np.exp(np.log(steps / changes).mean()))


class Pairs(Generic[V]):
    """The newest steps s with their gradient changes y, the last gradient g, and all their inner products.

    Every direction is a weighted sum of those, and its weights need inner products only (Chen, Wang & Zhou
    2014, "Large-scale L-BFGS using MapReduce"). Products with y are differences of those with two
    gradients, so a step reads each kept vector twice: for its product with g, and for the sum. What P has to
    do with it is the `Metric`'s.
    """

    def __init__(self, space: Space[V], preconditioner: Any, history: int, scaling: Scaling) -> None:
        """`preconditioner`: of the space's kind of vectors, or None; `history`: pairs to store."""
        self._space, self._history, self._scaling = space, history, scaling
        self._metric: Metric[V] = (
            Identity() if preconditioner is None else PreconditionedProducts(preconditioner, history)
        )
        # Row 0 is g; rows 1 + 2k and 2 + 2k are s and y of the pair in place k: those in use come first.
        self._rows = space.rows(1 + 2 * history)
        self._order: list[int] = []  # places of the pairs in use, oldest first
        self._steps = np.zeros((history, history))  # s·y, valid where s is not the younger one
        self._changes = np.zeros((history, history))  # y·P y
        self._products = np.zeros(1)  # g·P g, and s·g and y·P g of each place
        self._begun = False

    def __len__(self) -> int:
        return len(self._order)

    @property
    def begun(self) -> bool:
        """Whether there has been a gradient."""
        return self._begun

    def forget(self) -> None:
        """Forget all pairs."""
        self._order = []

    def turn(self, gradient: V, step: V | None) -> bool:
        """Turn to the gradient at another point, and take in the step that led there, if there was one.

        Return whether it makes a pair: not where the function does not curve upwards along it.
        """
        y = None if step is None else self._space.add(gradient, self._rows.get(0), -1.0)
        self._rows.put(0, gradient)
        self._metric.turn(gradient)
        self._begun = True
        pair = None if step is None or y is None else self._keep(step, y)
        count = len(self._order)
        before, self._products = self._products, self._rows.products([gradient], 1 + 2 * count)[0]
        excess = self._metric.products(count)
        self._products[0] += excess[0]
        self._products[2::2] += excess[1:]
        if pair is not None and step is not None:
            self._learn(step, *pair, before)
        return pair is not None

    def newton(self) -> tuple[V, float]:
        """Return −H g, and its product with g."""
        order = np.asarray(self._order)
        block = np.ix_(order, order)
        steps, changes = self._steps[block], self._changes[block]
        gamma = self._scaling(np.diag(steps), np.diag(changes))
        s, y = 1 + 2 * order, 2 + 2 * order
        weights = np.zeros(len(self._products))
        found = weights_of(steps, changes, self._products[s], self._products[y], gamma)
        weights[s], weights[y], weights[0] = found
        return self._sum(weights)

    def downhill(self) -> tuple[V, float]:
        """Return −P g, and its product with g."""
        return self._sum(np.array([-1.0]))

    def _sum(self, weights: Numbers) -> tuple[V, float]:
        total = self._rows.combine(weights)
        slope = float(weights @ self._products[: len(weights)])
        return self._metric.applied(total, np.concatenate([weights[:1], weights[2::2]])), slope

    def _keep(self, s: V, y: V) -> tuple[float, tuple[float, float]] | None:
        """Put a pair in the place of the oldest, and return s·y, s·s and y·y; None where it is none."""
        space = self._space
        product, squares = space.dot(s, y), (space.dot(s, s), space.dot(y, y))
        if not product > _FLAT * np.sqrt(squares[0] * squares[1]):
            return None
        place = self._order.pop(0) if len(self._order) == self._history else len(self._order)
        self._order.append(place)
        self._rows.put(1 + 2 * place, s)
        self._rows.put(2 + 2 * place, y)
        self._metric.keep(place)
        return product, squares

    def _learn(self, s: V, product: float, squares: tuple[float, float], before: Numbers) -> None:
        """Take in the newest pair's products: what those with g are more than `before`."""
        place, count = self._order[-1], len(self._order)
        products, known = self._products.copy(), before[: len(self._products)]
        products[: len(known)] -= known
        # These two rows were others before.
        products[1 + 2 * place] = product
        products[2 + 2 * place] = squares[1] + self._metric.square(place)
        self._steps[:count, place] = products[1::2]
        self._changes[:count, place] = self._changes[place, :count] = products[2::2]
        if self._metric.learn(place, s, squares):
            more = self._metric.relearn(count)
            self._changes[:count, :count] += more[1:, 1:]
            self._products[0] += more[0, 0]
            self._products[2::2] += more[0, 1:]

    def state(self) -> State:
        """Return everything that the next directions depend on."""
        count = len(self._order)
        return {
            "rows": stacked(self._rows, 1 + 2 * count if self._begun else 0, self._space),
            "order": np.asarray(self._order, np.float64),
            "steps": self._steps.copy(),
            "changes": self._changes.copy(),
            "products": self._products.copy(),
            **{f"learnt {name}": value for name, value in self._metric.state(count).items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        learnt = {k.removeprefix("learnt "): v for k, v in state.items() if k.startswith("learnt ")}
        self._metric.restore(learnt)
        for row, vector in enumerate(state["rows"]):
            self._rows.put(row, self._space.take(vector))
        self._begun = len(state["rows"]) > 0
        self._order = [int(place) for place in state["order"]]
        self._steps, self._changes = np.array(state["steps"]), np.array(state["changes"])
        self._products = np.array(state["products"])


def weights_of(
    steps: Numbers, changes: Numbers, s_g: Numbers, y_g: Numbers, gamma: float
) -> tuple[Numbers, Numbers, float]:
    """Return the weights of s₁…s_m, P y₁…P y_m and P g in −H g, oldest pair first.

    `steps`: s_i·y_j, read where i ≤ j; `changes`: y_i·P y_j; `s_g`: s_i·g; `y_g`: y_i·P g. H is the L-BFGS
    inverse Hessian with H₀ = γ P, written with its pairs side by side (Byrd, Nocedal & Schnabel 1994,
    "Representations of quasi-Newton matrices and their use in limited memory methods", Theorem 2.2).
    """
    upper = np.triu(steps)
    back: Any = np.linalg.solve(upper, s_g)
    rest = np.diag(steps) * back - gamma * (y_g - changes @ back)
    # Last row and column first, the transposed is an upper triangle, too: no rows are exchanged to solve it.
    forth: Any = np.linalg.solve(upper.T[::-1, ::-1], rest[::-1])[::-1]
    return -forth, gamma * back, -gamma
