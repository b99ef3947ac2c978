"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from nst_onnx.optim.correction_pairs import Pairs, Scaling, newest
from nst_onnx.optim.optimiser import State
from nst_onnx.optim.space import Host, Space
from nst_onnx.optim.threads import one_thread
from nst_onnx.support import disk_arrays

V = TypeVar("V")

_ARMIJO = 1e-4
_ROUNDING = 1e-6  # relative: what float32 losses cannot tell apart
_TINY = 1e-30
_MAX_SHORTENED = 8


class LBFGS(Generic[V]):
    """L-BFGS (Liu & Nocedal 1989), one evaluation per step wherever the full step is good.

    `history`: how many (step, gradient change) pairs to keep. `learning_rate` scales each full step. The
    first step goes down the gradient. With `line_search` it changes x by `learning_rate` in the root
    mean square (twice as much each time that nothing was learnt of the curvature), no step by more than
    `longest`, and a step that does not lower the loss enough (Armijo) is shortened by interpolation and
    evaluated again; enough is counted from the highest of the last `lookback` losses (Grippo, Lampariello &
    Lucidi 1986, "A nonmonotone line search technique for Newton's method"). Without, it is as short as
    torch's (Σ|Δx| = learning_rate at most), and every step is taken: the recipe of neural-style.

    Vectors are those of `space`, by default numpy's. `preconditioner`: P, in place of the identity:
    H₀ = γ P, γ by `scaling`.
    """

    def __init__(
        self,
        x: V,
        *,
        space: Space[V] | None = None,
        preconditioner: Any = None,
        history: int = 20,
        learning_rate: float = 1.0,
        longest: float = np.inf,
        line_search: bool = True,
        lookback: int = 1,
        scaling: Scaling = newest,
    ) -> None:
        self.space: Space[V] = space if space is not None else _host(x)
        self.x, self.preconditioner = x, preconditioner
        self.learning_rate, self.line_search = learning_rate, line_search
        self.longest, self.lookback = longest, lookback
        self._size = self.space.size
        self._pairs = Pairs(self.space, preconditioner, history, scaling)
        self._base: V = x  # the last accepted point, with its loss and direction
        self._loss = np.inf
        self._recent: list[float] = []  # losses of the last accepted points
        self._direction: V = x
        self._slope, self._step, self._shortened, self._blind = 0.0, 0.0, 0, 0

    def tell(self, loss: float, gradient: Any) -> None:
        """Take the value and gradient (a vector of `space`) at `x`, and move `x` on."""
        with one_thread():
            self._tell(loss, gradient)

    def accept_next(self) -> None:
        """Accept the point told next whatever its value: the function has changed a little."""
        self._recent = []

    def _tell(self, loss: float, gradient: V) -> None:
        begun = self._pairs.begun
        if begun and self.line_search and not self._good(loss):
            self._shorten(loss, gradient)
            return
        step = self.space.add(self.x, self._base, -1.0) if begun else None
        if self._pairs.turn(gradient, step):
            self._blind = 0
        self._base, self._loss = self.x, loss
        self._recent = [*self._recent, loss][-self.lookback :]
        self._shortened = 0
        self._set_out()

    def _good(self, loss: float) -> bool:
        highest = max(self._recent, default=np.inf)
        return bool(loss <= highest + _ARMIJO * self._step * self._slope + _ROUNDING * abs(self._loss))

    def _shorten(self, loss: float, gradient: V) -> None:
        """Go back part of the way: to the minimum of the cubic through both ends, within bounds."""
        self._shortened += 1
        if self._shortened > _MAX_SHORTENED:  # the direction is no good: forget, and go down the gradient
            self._pairs.forget()
            self._shortened = 0
            self._set_out()
            return
        best = cubic_minimum(
            self._step, self._loss, self._slope, loss, self.space.dot(gradient, self._direction)
        )
        self._step = float(np.clip(best, 0.1 * self._step, 0.7 * self._step))
        self.x = self.space.add(self._base, self._direction, self._step)

    def _set_out(self) -> None:
        """Choose the next direction, and take its full step."""
        if self._pairs:
            self._direction, self._slope = self._pairs.newton()
            if self.line_search and not self._slope < 0:
                self._pairs.forget()
        if not self._pairs:
            self._direction, self._slope = self._pairs.downhill()
            self._step = self._first_step()
        elif self.line_search:
            self._step = min(self.learning_rate, self.longest / max(self._length(self._direction), _TINY))
        else:
            self._step = self.learning_rate
        self.x = self.space.add(self._base, self._direction, self._step)

    def _length(self, vector: V) -> float:
        """Return the root mean square."""
        return float(np.sqrt(max(self.space.dot(vector, vector), 0.0) / max(self._size, 1)))

    def _first_step(self) -> float:
        """Return how far to go along the gradient while nothing is known of the curvature."""
        if self.line_search:
            self._blind += 1
            size = self._length(self._direction)
            wanted = min(self.learning_rate * 2.0 ** (self._blind - 1), self.longest)
            return wanted / size if size > 0 else 0.0
        direction, size = self.space.array(self._direction), 0.0
        for piece in disk_arrays.pieces(direction.size):
            size += float(np.abs(direction[piece]).sum(dtype=np.float64))
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
            **self._pairs.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        take = self.space.take
        self._pairs.restore(state)
        self._recent = [float(v) for v in state["recent"]]
        self.x, self._base, self._direction = (take(state[k]) for k in ("x", "base", "direction"))
        self._loss, self._slope, self._step = (float(v) for v in state["numbers"][:3])
        self._shortened, self._blind = (int(v) for v in state["numbers"][3:])


def _host(x: Any) -> Any:
    return Host(x.size)


def cubic_minimum(step: float, start: float, slope: float, end: float, end_slope: float) -> float:
    """Return where the cubic through two values and slopes, `step` apart, is least (N. & W., eq. 3.59).

    Half the step where the values are no numbers or there is no such point.
    """
    middle = slope + end_slope - 3 * (end - start) / step
    square = middle * middle - slope * end_slope
    if not (np.isfinite(square) and square >= 0):
        return 0.5 * step
    root = np.sqrt(square)
    below = end_slope - slope + 2 * root
    best = step - step * (end_slope + root - middle) / below if below else np.nan
    return float(best) if np.isfinite(best) else 0.5 * step
