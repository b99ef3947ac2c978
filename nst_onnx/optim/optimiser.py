"""Ask-and-tell interface of the optimisers: read `x`, evaluate it, `tell` loss and gradient, repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
State = dict[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]
"""Named arrays from which an optimiser can resume."""
SavedState = Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]
"""A `State` to read."""


class Optimiser(Protocol):
    """Gradient-based minimiser of a function that the caller evaluates, one evaluation at a time."""

    x: Vector
    """The point to evaluate next, float32 (n,). A new array after every `tell`; never modified later."""

    def tell(self, loss: float, gradient: Vector) -> None:
        """Receive the loss and gradient (n,) at `x`, and set the next `x`. A stored gradient is copied."""

    def accept_next(self) -> None:
        """Skip the sufficient-decrease test for the next value, because the objective has changed."""

    def state(self) -> State:
        """Return everything that the next steps depend on, as arrays (copies)."""

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`: the next steps are the same, bit for bit."""
