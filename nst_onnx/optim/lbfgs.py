"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nst_onnx import scratch
from nst_onnx.optim.optimiser import State
from nst_onnx.optim.space import Host, Space
from nst_onnx.optim.threads import one_thread

V = TypeVar("V")
Numbers = npt.NDArray[np.float64]

_ARMIJO = 1e-4
_ROUNDING = 1e-6  # relative: what float32 losses cannot tell apart
_FLAT = 1e-8  # cosine between step and gradient change below which a pair says nothing of the curvature
_TINY = 1e-30
_MAX_SHORTENED = 8
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


@dataclass(frozen=True)
class _Pair(Generic[V]):
    """A step s and its gradient change y; s·y, and s·s and y·y."""

    s: V
    y: V
    product: float
    squares: tuple[float, float]


class LBFGS(Generic[V]):
    """L-BFGS (Liu & Nocedal 1989), one evaluation per step wherever the full step is good.

    `history`: how many (step, gradient change) pairs to keep. `learning_rate` scales each full step. The
    first step goes down the gradient. With `line_search` it changes x by `learning_rate` in the root
    mean square (twice as much each time that nothing was learnt of the curvature), no step by more than
    `longest`, and a step that does not lower the loss enough (Armijo) is shortened by interpolation and
    evaluated again; enough is counted from the highest of the last `lookback` losses (Grippo, Lampariello &
    Lucidi 1986, "A nonmonotone line search technique for Newton's method"). Without, it is as short as
    torch's (Σ|Δx| = learning_rate at most), and every step is taken: the recipe of neural-style.

    Vectors are those of `space`, by default numpy's without preconditioning. Its P takes the identity's
    place: H₀ = γ P, γ by `scaling`. P is applied once to each gradient g; with the pairs are kept s and P y,
    never y, for the direction needs inner products only (Chen, Wang & Zhou 2014, "Large-scale L-BFGS
    using MapReduce"), and y·P y' = (P y)·y'. Products with y are differences of those with two gradients,
    so a step reads each kept vector twice. Where P learns from the pairs, all P y are made anew whenever
    it changes.
    """

    def __init__(
        self,
        x: V,
        *,
        space: Space[V] | None = None,
        history: int = 20,
        learning_rate: float = 1.0,
        longest: float = np.inf,
        line_search: bool = True,
        lookback: int = 1,
        scaling: Scaling = newest,
    ) -> None:
        self.space: Space[V] = space if space is not None else _host(x)
        self.x = x
        self.history, self.learning_rate, self.line_search = history, learning_rate, line_search
        self.longest, self.lookback, self._scaling = longest, lookback, scaling
        self._size = self.space.size
        # Row 0 is P g; rows 1 + 2k and 2 + 2k are s and P y of the pair in place k: those in use come first.
        self._rows = self.space.rows(1 + 2 * history)
        self._order: list[int] = []  # places of the pairs in use, oldest first
        self._steps = np.zeros((history, history))  # s·y, valid where s is not the younger one
        self._changes = np.zeros((history, history))  # y·P y
        self._products = np.zeros(1)  # of the rows with the last accepted gradient
        self._base: V = x  # the last accepted point, with its loss, gradient and direction
        self._loss = np.inf
        self._recent: list[float] = []  # losses of the last accepted points
        self._gradient: V | None = None
        self._direction: V = x
        self._slope, self._step, self._shortened, self._blind = 0.0, 0.0, 0, 0

    def tell(self, loss: float, gradient: Any) -> None:
        """Take the value and gradient at `x`, and move `x` on."""
        with one_thread():
            self._tell(loss, self.space.take(gradient))

    def forgive(self) -> None:
        """Accept the point told next whatever its value: the function has changed a little."""
        self._recent = []

    def _tell(self, loss: float, gradient: V) -> None:
        if self._gradient is not None and self.line_search and not self._good(loss):
            self._shorten(loss, gradient)
            return
        smooth = self.space.precondition(gradient)
        pair = None if self._gradient is None else self._keep(gradient, smooth)
        before, self._products = self._products, self._rows_times(gradient, smooth)
        if pair is not None and self._learn(pair, before):
            self._products = self._rows_times(gradient, self.space.precondition(gradient))
        self._base, self._loss, self._gradient = self.x, loss, gradient
        self._recent = [*self._recent, loss][-self.lookback :]
        self._shortened = 0
        self._set_out()

    def _rows_times(self, gradient: V, smooth: V) -> Numbers:
        """Let P g be the first row, and return the inner products of all rows in use with g."""
        self._rows.put(0, smooth)
        products: Numbers = self._rows.products([gradient], 1 + 2 * len(self._order))[0]
        return products

    def _good(self, loss: float) -> bool:
        highest = max(self._recent, default=np.inf)
        return bool(loss <= highest + _ARMIJO * self._step * self._slope + _ROUNDING * abs(self._loss))

    def _shorten(self, loss: float, gradient: V) -> None:
        """Go back part of the way: to the minimum of the cubic through both ends, within bounds."""
        self._shortened += 1
        if self._shortened > _MAX_SHORTENED:  # the direction is no good: forget, and go down the gradient
            self._order, self._shortened = [], 0
            self._set_out()
            return
        best = cubic_minimum(
            self._step, self._loss, self._slope, loss, self.space.dot(gradient, self._direction)
        )
        self._step = float(np.clip(best, 0.1 * self._step, 0.7 * self._step))
        self.x = self.space.add(self._base, self._direction, self._step)

    def _set_out(self) -> None:
        """Choose the next direction, from the rows' products with the gradient, and take its full step."""
        if self._order:
            self._go(self._newton())
        if not self._order or (self.line_search and not self._slope < 0):
            self._order = []
            self._go(np.array([-1.0]))
        if not self._order:
            self._step = self._first_step()
        elif self.line_search:
            self._step = min(self.learning_rate, self.longest / max(self._length(self._direction), _TINY))
        else:
            self._step = self.learning_rate
        self.x = self.space.add(self._base, self._direction, self._step)

    def _go(self, weights: Numbers) -> None:
        """Set the direction from weights of the rows, and its slope from their products with g."""
        self._direction = self._rows.combine(weights)
        self._slope = float(weights @ self._products[: len(weights)])

    def _length(self, vector: V) -> float:
        """Return the root mean square."""
        return float(np.sqrt(max(self.space.dot(vector, vector), 0.0) / max(self._size, 1)))

    def _first_step(self) -> float:
        """Return how far to go along the gradient while nothing is known of the curvature."""
        assert self._gradient is not None
        if self.line_search:
            self._blind += 1
            size = self._length(self._direction)
            wanted = min(self.learning_rate * 2.0 ** (self._blind - 1), self.longest)
            return wanted / size if size > 0 else 0.0
        direction, size = self.space.array(self._direction), 0.0
        for piece in scratch.pieces(direction.size):
            size += float(np.abs(direction[piece]).sum(dtype=np.float64))
            scratch.release(direction)
        return self.learning_rate * min(1.0, 1.0 / size) if size > 0 else 0.0

    def _keep(self, gradient: V, smooth: V) -> _Pair[V] | None:
        """Put the pair (s, y) of the step just made in the place of the oldest.

        Return it; None where the function does not curve upwards along it, and nothing is kept.
        """
        space = self.space
        assert self._gradient is not None
        s, y = space.add(self.x, self._base, -1.0), space.add(gradient, self._gradient, -1.0)
        pair = _Pair(s, y, space.dot(s, y), (space.dot(s, s), space.dot(y, y)))
        if not pair.product > _FLAT * np.sqrt(pair.squares[0] * pair.squares[1]):
            return None
        self._blind = 0
        place = self._order.pop(0) if len(self._order) == self.history else len(self._order)
        self._order.append(place)
        self._rows.put(1 + 2 * place, s)
        self._rows.put(2 + 2 * place, space.add(smooth, self._rows.get(0), -1.0))
        return pair

    def _learn(self, pair: _Pair[V], before: Numbers) -> bool:
        """Take in the newest pair, with the rows' products `before`. Return whether P is another now."""
        place, count = self._order[-1], len(self._order)
        products, known = self._products.copy(), before[: len(self._products)]
        products[: len(known)] -= known
        # These two rows were others before.
        products[1 + 2 * place] = pair.product
        products[2 + 2 * place] = self.space.dot(self._rows.get(2 + 2 * place), pair.y)
        self._steps[:count, place] = products[1::2]
        self._changes[:count, place] = self._changes[place, :count] = products[2::2]
        if not self.space.learn(pair.s, pair.y, pair.squares):
            return False
        self._changes[:count, :count] += self.space.relearn(self._rows, range(2, 2 + 2 * count, 2))
        return True

    def _newton(self) -> Numbers:
        """Return −H g as weights of the rows, from the rows' inner products with g."""
        products = self._products
        order = np.asarray(self._order)
        block = np.ix_(order, order)
        steps, changes = self._steps[block], self._changes[block]
        gamma = self._scaling(np.diag(steps), np.diag(changes))
        s, y = 1 + 2 * order, 2 + 2 * order
        weights = np.zeros(len(products))
        weights[s], weights[y], weights[0] = weights_of(steps, changes, products[s], products[y], gamma)
        return weights

    def state(self) -> State:
        """Return everything that the next steps depend on."""
        space = self.space
        rows = np.empty((1 + 2 * len(self._order), self._size), np.float32)
        for row, copy in enumerate(rows):
            copy[:] = space.array(self._rows.get(row))
        kept: Any = {
            "x": space.array(self.x),
            "base": space.array(self._base),
            "direction": space.array(self._direction),
            "rows": rows,
            "order": np.asarray(self._order, np.float64),
            "steps": self._steps.copy(),
            "changes": self._changes.copy(),
            "products": self._products.copy(),
            "recent": np.asarray(self._recent, np.float64),
            "numbers": np.asarray(
                [self._loss, self._slope, self._step, self._shortened, self._blind], np.float64
            ),
        }
        if self._gradient is not None:
            kept["gradient"] = space.array(self._gradient)
        kept |= {f"learnt {name}": value for name, value in space.state().items()}
        found: State = kept
        return found

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        take = self.space.take
        learnt = {k.removeprefix("learnt "): v for k, v in state.items() if k.startswith("learnt ")}
        self.space.restore(learnt)
        for row, vector in enumerate(state["rows"]):
            self._rows.put(row, take(vector))
        self._order = [int(place) for place in state["order"]]
        self._steps, self._changes = np.array(state["steps"]), np.array(state["changes"])
        self._products, self._recent = np.array(state["products"]), [float(v) for v in state["recent"]]
        self.x, self._base, self._direction = (take(state[k]) for k in ("x", "base", "direction"))
        self._gradient = take(state["gradient"]) if "gradient" in state else None
        self._loss, self._slope, self._step = (float(v) for v in state["numbers"][:3])
        self._shortened, self._blind = (int(v) for v in state["numbers"][3:])


def _host(x: Any) -> Any:
    return Host(x.size)


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
