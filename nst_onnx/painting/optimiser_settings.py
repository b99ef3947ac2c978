"""Settings of an optimiser, and the optimiser made from them."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from nst_onnx.optim import LBFGS, Adam, Optimiser
from nst_onnx.optim.correction_pairs import geometric_mean_scaling, newest_pair_scaling
from nst_onnx.optim.lbfgs import LineSearch
from nst_onnx.optim.optimiser import State
from nst_onnx.painting.flat_objective import FlatObjective
from nst_onnx.painting.presets.preset import OptimiserName, Preset
from nst_onnx.support.arrays import Array

PAIRS = 20  # correction pairs that the preconditioned optimiser stores
LOOKBACK = 3  # losses: a slightly worse step costs more to shorten than to accept
_FIRST_QUOTIENT = "first quotient"
LONGEST_STEP = 10.0  # root mean square, in grey levels; the first curvature estimates overshoot


@dataclass(frozen=True)
class OptimiserSettings:
    """An optimiser by name with its constants. `learning_rate`: in grey levels.

    `history` (correction pairs) and `line_search` are those of L-BFGS; Adam has neither.
    """

    name: OptimiserName
    learning_rate: float = 1.0
    history: int = PAIRS
    line_search: bool = True

    @classmethod
    def of(
        cls, preset: Preset, name: OptimiserName | None = None, learning_rate: float | None = None
    ) -> OptimiserSettings:
        """Return a preset's settings, with another optimiser or learning rate where given."""
        chosen = name or preset.optimiser
        history = {"adam": 0, "preconditioned": PAIRS, "lbfgs": preset.history}[chosen]
        line_search = chosen == "preconditioned" or preset.line_search
        return cls(chosen, learning_rate or preset.learning_rate, history, line_search)

    @property
    def preconditioned(self) -> bool:
        """Whether it is our own: L-BFGS with a preconditioner, which may also prune terms."""
        return self.name == "preconditioned"

    def pairs(self, evaluations: int) -> int:
        """Return how many correction pairs so many evaluations can fill."""
        return min(self.history, evaluations)

    def start(
        self,
        x: Array,
        flat: FlatObjective,
        *,
        evaluations: int = sys.maxsize,
        warm_start: State | None = None,
    ) -> Optimiser:
        """Return the optimiser at a vector (3·H·W,) in grey levels.

        `evaluations`: how many there will be at most. `warm_start`: `carry_over` of a smaller picture's.
        """
        if self.name == "adam":
            return Adam(x, learning_rate=self.learning_rate)
        space = flat.space()
        preconditioner = flat.preconditioner() if self.preconditioned else None
        first_scaling = 0.0
        if preconditioner is not None and warm_start:
            preconditioner.warm_start(warm_start)
            first_scaling = float(warm_start[_FIRST_QUOTIENT][0]) * space.size
        lookback = LOOKBACK if self.preconditioned else 1
        return LBFGS(
            space.take(x),
            space=space,
            preconditioner=preconditioner,
            history=self.pairs(evaluations),
            learning_rate=self.learning_rate,
            line_search=LineSearch(LONGEST_STEP, lookback) if self.line_search else None,
            scaling=geometric_mean_scaling if self.preconditioned else newest_pair_scaling,
            first_scaling=first_scaling,
        )


def carry_over(optimiser: Optimiser) -> State:
    """Return the state that the optimiser of a larger picture can start with.

    It is the preconditioner's, and the first pair's quotient sᵀy / yᵀPy for each number of the picture: that
    is about the same at all sizes, because the losses are means over positions. Correction pairs do not carry
    over: enlarged, they made the descent slower.
    """
    if not isinstance(optimiser, LBFGS) or optimiser.preconditioner is None:
        return {}
    quotient = optimiser.first_quotient / optimiser.space.size
    return {**optimiser.preconditioner.state(), _FIRST_QUOTIENT: np.array([quotient])}
