"""L-BFGS: quasi-Newton steps from the last correction pairs, with an optional preconditioner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from nst_onnx.optim.correction_pairs import CorrectionPairs, Scaling, newest_pair_scaling
from nst_onnx.optim.optimiser import SavedState, State
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import HostSpace, Space
from nst_onnx.optim.threads import single_blas_thread
from nst_onnx.support import disk_arrays

V = TypeVar("V")

ARMIJO = 1e-4  # c₁ of the sufficient-decrease test (Nocedal & Wright, eq. 3.4)
ROUNDING = 1e-6  # relative error of float32 losses
_TINY = 1e-30
MAX_SHORTENED = 8  # line-search trials before the direction is rejected


@dataclass(frozen=True)
class LineSearch:
    """Backtracking line search: a step without sufficient decrease (Armijo) is shortened by interpolation.

    No step changes x by more than `longest` (root mean square). The decrease is measured from the highest of
    the last `lookback` losses (Grippo, Lampariello & Lucidi 1986, "A nonmonotone line search technique for
    Newton's method").
    """

    longest: float = np.inf
    lookback: int = 1


class LBFGS(Generic[V]):
    """L-BFGS (Liu & Nocedal 1989), one evaluation per step wherever the full step passes the Armijo test.

    `history`: correction pairs (s, y) to store. `learning_rate` scales each full step. The first step is
    along −gradient. With a `line_search` it is `first_scaling` times −P gradient; where that is 0, it changes
    x by `learning_rate` in the root mean square. It doubles after each evaluation that made no correction
    pair. Without (None) it is as short as torch's (Σ|Δx| ≤ learning_rate), and every step is accepted: the
    recipe of neural-style.

    Vectors are those of `space`, by default numpy's. The initial inverse Hessian is H₀ = γ P: P is the
    `preconditioner` (None: the identity), γ comes from `scaling`.
    """

    def __init__(
        self,
        x: V,
        *,
        space: Space[V] | None = None,
        preconditioner: Preconditioner | None = None,
        history: int = 20,
        learning_rate: float = 1.0,
        line_search: LineSearch | None = LineSearch(),
        scaling: Scaling = newest_pair_scaling,
        first_scaling: float = 0.0,
    ) -> None:
        self.space: Space[V] = space if space is not None else _host(x)
        self.x, self.preconditioner = x, preconditioner
        self.learning_rate, self.line_search = learning_rate, line_search
        self._size = self.space.size
        self._pairs = CorrectionPairs(self.space, preconditioner, history, scaling)
        self._first_scaling = first_scaling
        self.first_quotient = 0.0
        """sᵀy / yᵀPy of the first correction pair; 0 before."""
        self._base: V = x  # the last accepted iterate, with its loss and direction
        self._loss = np.inf
        self._recent: list[float] = []  # losses of the last accepted iterates
        self._direction: V = x
        self._slope, self._step = 0.0, 0.0  # slope: gradient · direction
        self._shortened = 0  # line-search trials of this step
        self._blind = 0  # steps since the last correction pair, or start

    def tell(self, loss: float, gradient: V) -> None:
        """Receive the loss and gradient (a vector of `space`) at `x`, and set the next `x`."""
        with single_blas_thread():
            self._tell(loss, gradient)

    def accept_next(self) -> None:
        """Skip the sufficient-decrease test for the next value, because the objective has changed."""
        self._recent = []

    def _tell(self, loss: float, gradient: V) -> None:
        started = self._pairs.has_gradient
        if started and self.line_search and not self._sufficient_decrease(loss):
            self._shorten(loss, gradient)
            return
        step = self.space.add(self.x, self._base, -1.0) if started else None
        if self._pairs.update(gradient, step):
            self._blind = 0
            self.first_quotient = self.first_quotient or self._pairs.newest_quotient()
        self._base, self._loss = self.x, loss
        lookback = self.line_search.lookback if self.line_search else 1
        self._recent = [*self._recent, loss][-lookback:]
        self._shortened = 0
        self._next_step()

    def _sufficient_decrease(self, loss: float) -> bool:
        highest = max(self._recent, default=np.inf)
        return bool(loss <= highest + ARMIJO * self._step * self._slope + ROUNDING * abs(self._loss))

    def _shorten(self, loss: float, gradient: V) -> None:
        """Shorten the step to the minimum of the cubic through both ends, clipped to 0.1..0.7 of it."""
        self._shortened += 1
        if self._shortened > MAX_SHORTENED:  # discard the pairs: steepest descent
            self._pairs.reset()
            self._shortened = 0
            self._next_step()
            return
        best = cubic_minimum(
            self._step, self._loss, self._slope, loss, self.space.dot(gradient, self._direction)
        )
        self._step = float(np.clip(best, 0.1 * self._step, 0.7 * self._step))
        self.x = self.space.add(self._base, self._direction, self._step)

    def _next_step(self) -> None:
        """Set the next direction, and take its full step."""
        if self._pairs:
            self._direction, self._slope = self._pairs.quasi_newton_direction()
            if self.line_search and not self._slope < 0:
                self._pairs.reset()
        if not self._pairs:
            self._direction, self._slope = self._pairs.steepest_descent()
            self._step = self._first_step()
        elif self.line_search:
            self._step = min(
                self.learning_rate, self.line_search.longest / max(self._length(self._direction), _TINY)
            )
        else:
            self._step = self.learning_rate
        self.x = self.space.add(self._base, self._direction, self._step)

    def _length(self, vector: V) -> float:
        """Return the root mean square of a vector."""
        return float(np.sqrt(max(self.space.dot(vector, vector), 0.0) / max(self._size, 1)))

    def _first_step(self) -> float:
        """Return the step along −gradient where no correction pair estimates the curvature."""
        if self.line_search:
            self._blind += 1
            size = self._length(self._direction)
            known = 0.0 if self.first_quotient else self._first_scaling * size
            length = min((known or self.learning_rate) * 2.0 ** (self._blind - 1), self.line_search.longest)
            return length / size if size > 0 else 0.0
        direction, size = self.space.array(self._direction), 0.0
        for chunk in disk_arrays.chunks(direction.size):
            size += float(np.abs(direction[chunk]).sum(dtype=np.float64))
            disk_arrays.release(direction)
        return self.learning_rate * min(1.0, 1.0 / size) if size > 0 else 0.0

    def state(self) -> State:
        """Return everything that the next steps depend on."""
        array = self.space.array
        return {
            "x": array(self.x),
            "base": array(self._base),
            "direction": array(self._direction),
            "recent": np.asarray(self._recent, np.float64),
            "numbers": np.asarray(
                [self._loss, self._slope, self._step, self._shortened, self._blind], np.float64
            ),
            "first": np.asarray([self._first_scaling, self.first_quotient], np.float64),
            **self._pairs.state(),
        }

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""
        take = self.space.take
        self._pairs.restore(state)
        self._recent = [float(v) for v in state["recent"]]
        self.x, self._base, self._direction = (take(state[k]) for k in ("x", "base", "direction"))
        self._loss, self._slope, self._step = (float(v) for v in state["numbers"][:3])
        self._shortened, self._blind = (int(v) for v in state["numbers"][3:])
        self._first_scaling, self.first_quotient = (float(v) for v in state["first"])


def _host(x: Any) -> Any:
    return HostSpace(x.size)


def cubic_minimum(step: float, start: float, slope: float, end: float, end_slope: float) -> float:
    """Return where the cubic through two values and slopes, `step` apart, is least.

    Nocedal & Wright, "Numerical Optimization", eq. 3.59. Half the step where a value is not finite or the
    cubic has no minimum.
    """
    middle = slope + end_slope - 3 * (end - start) / step
    square = middle * middle - slope * end_slope
    if not (np.isfinite(square) and square >= 0):
        return 0.5 * step
    root = np.sqrt(square)
    below = end_slope - slope + 2 * root
    best = step - step * (end_slope + root - middle) / below if below else np.nan
    return float(best) if np.isfinite(best) else 0.5 * step
