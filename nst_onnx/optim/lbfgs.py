"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.optim.optimiser import State, Vector

_ARMIJO = 1e-4
_ROUNDING = 1e-6  # relative: what float32 losses cannot tell apart
_FLAT = 1e-8  # cosine between step and gradient change below which a pair says nothing of the curvature
_TINY = 1e-30
_MAX_HALVINGS = 8


class LBFGS:
    """L-BFGS (Liu & Nocedal 1989), one evaluation per step wherever the full step is good.

    `history`: how many (step, gradient change) pairs to keep. `learning_rate` scales each full step. The
    first step goes down the gradient. With `line_search` it changes x by `learning_rate` in the root
    mean square (twice as much each time that nothing was learnt of the curvature), no step by more than
    `longest`, and a step that does not lower the loss enough (Armijo) is shortened by interpolation and
    evaluated again. Without, it is as short as torch's (Σ|Δx| = learning_rate at most), and every step
    is taken: the recipe of neural-style.

    The direction comes from inner products only (Chen, Wang & Zhou 2014, "Large-scale L-BFGS using
    MapReduce"): two passes over the history as matrix-vector products instead of 4 per pair.
    """

    def __init__(
        self,
        x: Vector,
        *,
        history: int = 20,
        learning_rate: float = 1.0,
        longest: float = np.inf,
        line_search: bool = True,
    ) -> None:
        self.x = x
        self.history, self.learning_rate, self.line_search = history, learning_rate, line_search
        self.longest = longest
        self._pairs = np.empty((2, history, x.size), np.float32)  # steps s, gradient changes y
        self._inner = np.zeros((2 * history, 2 * history))  # inner products of all of them
        self._order: list[int] = []  # rows in use, oldest first
        self._base: Vector = x  # the last accepted point, with its loss, gradient and direction
        self._loss = np.inf
        self._gradient: Vector | None = None
        self._direction: Vector = x
        self._slope, self._step, self._halvings, self._blind = 0.0, 0.0, 0, 0

    def tell(self, loss: float, gradient: Vector) -> None:
        """Take the value and gradient at `x`, and move `x` on."""
        if self._gradient is not None and self.line_search and not self._good(loss):
            self._shorten(loss)
            return
        if self._gradient is not None:
            self._remember(self.x - self._base, gradient - self._gradient)
        self._base, self._loss, self._gradient = self.x, loss, gradient.copy()
        self._halvings = 0
        self._set_out()

    def _good(self, loss: float) -> bool:
        allowed = self._loss + _ARMIJO * self._step * self._slope + _ROUNDING * abs(self._loss)
        return bool(loss <= allowed)

    def _shorten(self, loss: float) -> None:
        """Go back part of the way: to the minimum of the parabola through what is known, within bounds."""
        self._halvings += 1
        assert self._gradient is not None
        if self._halvings > _MAX_HALVINGS:  # the direction is no good: forget, and go down the gradient
            self._order, self._halvings = [], 0
            self._set_out()
            return
        rise = loss - self._loss - self._step * self._slope
        best = -self._slope * self._step**2 / (2 * rise) if np.isfinite(rise) and rise > 0 else 0.0
        self._step = float(np.clip(best, 0.1 * self._step, 0.5 * self._step))
        self.x = self._base + np.float32(self._step) * self._direction

    def _set_out(self) -> None:
        """Choose the next direction and take its full step."""
        assert self._gradient is not None
        self._direction = self._newton() if self._order else -self._gradient
        self._slope = _dot(self._direction, self._gradient)
        if self._order and not self._slope < 0 and self.line_search:
            self._order = []
            self._direction = -self._gradient
            self._slope = -_dot(self._gradient, self._gradient)
        if not self._order:
            self._step = self._first_step()
        elif self.line_search:
            size = _root_mean_square(self._direction)
            self._step = min(self.learning_rate, self.longest / max(size, _TINY))
        else:
            self._step = self.learning_rate
        self.x = self._base + np.float32(self._step) * self._direction

    def _first_step(self) -> float:
        """Return how far to go along the gradient while nothing is known of the curvature."""
        assert self._gradient is not None
        if self.line_search:
            self._blind += 1
            size = _root_mean_square(self._gradient)
            wanted = min(self.learning_rate * 2.0 ** (self._blind - 1), self.longest)
            return wanted / size if size > 0 else 0.0
        size = float(np.abs(self._gradient).sum(dtype=np.float64))
        return self.learning_rate * min(1.0, 1.0 / size) if size > 0 else 0.0

    def _remember(self, s: Vector, y: Vector) -> None:
        """Add a pair, if the function curves upwards along it, in the place of the oldest."""
        if not _dot(s, y) > _FLAT * np.sqrt(_dot(s, s) * _dot(y, y)):
            return
        self._blind = 0
        row = self._order.pop(0) if len(self._order) == self.history else len(self._order)
        self._pairs[0, row], self._pairs[1, row] = s, y
        self._order.append(row)
        flat = self._pairs.reshape(2 * self.history, -1)
        for new in (row, self.history + row):
            products = [_dot(flat[k], flat[new]) for k in self._rows]
            self._inner[self._rows, new] = self._inner[new, self._rows] = products

    @property
    def _rows(self) -> list[int]:
        """The rows in use, of all steps and then of all gradient changes, oldest first."""
        return [*self._order, *(self.history + row for row in self._order)]

    def _newton(self) -> Vector:
        """Return −H g by the two-loop recursion, carried out on coefficients of (s…, y…, g)."""
        assert self._gradient is not None
        count = len(self._order)
        rows, flat = self._rows, self._pairs.reshape(2 * self.history, -1)
        products = np.empty((2 * count + 1, 2 * count + 1))
        products[:-1, :-1] = self._inner[np.ix_(rows, rows)]
        products[-1, :-1] = products[:-1, -1] = [_dot(flat[r], self._gradient) for r in rows]
        products[-1, -1] = _dot(self._gradient, self._gradient)
        weights = two_loops(products)
        direction = np.float32(weights[-1]) * self._gradient
        for weight, row in zip(weights[:-1], rows, strict=True):
            direction += np.float32(weight) * flat[row]
        return direction

    def state(self) -> State:
        """Return everything that the next steps depend on."""
        kept: Any = {
            "x": self.x,
            "base": self._base,
            "direction": self._direction,
            "pairs": self._pairs[:, self._order],
            "inner": self._inner[np.ix_(self._rows, self._rows)],
            "numbers": np.asarray(
                [self._loss, self._slope, self._step, self._halvings, self._blind], np.float64
            ),
        }
        if self._gradient is not None:
            kept["gradient"] = self._gradient
        return {name: np.array(value) for name, value in kept.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self._order = list(range(state["pairs"].shape[1]))
        self._pairs[:, self._order] = state["pairs"]
        self._inner[np.ix_(self._rows, self._rows)] = state["inner"]
        self.x, self._base = np.array(state["x"]), np.array(state["base"])
        self._direction = np.array(state["direction"])
        self._gradient = np.array(state["gradient"]) if "gradient" in state else None
        self._loss, self._slope, self._step = (float(v) for v in state["numbers"][:3])
        self._halvings, self._blind = (int(v) for v in state["numbers"][3:])


def two_loops(products: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the coefficients of −H g in the basis (s₁…s_m, y₁…y_m, g), oldest pair first.

    `products`: inner products of the basis, (2m+1)×(2m+1). H is the L-BFGS inverse Hessian with
    H₀ = (sᵀy / yᵀy) I of the newest pair (Nocedal & Wright, "Numerical Optimization", Algorithm 7.4).
    """
    m = len(products) // 2
    weights = np.zeros(2 * m + 1)
    weights[-1] = -1.0
    alphas = np.zeros(m)
    for i in reversed(range(m)):
        alphas[i] = weights @ products[:, i] / products[i, m + i]
        weights[m + i] -= alphas[i]
    weights *= products[m - 1, 2 * m - 1] / products[2 * m - 1, 2 * m - 1]
    for i in range(m):
        beta = weights @ products[:, m + i] / products[i, m + i]
        weights[i] += alphas[i] - beta
    return weights


def _root_mean_square(a: Vector) -> float:
    return float(np.sqrt(_dot(a, a) / max(a.size, 1)))


def _dot(a: Vector, b: Vector) -> float:
    return float(np.dot(a, b))
