"""What every optimiser does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
State = dict[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]


class Optimiser(Protocol):
    """Minimises a function that somebody else evaluates, one evaluation at a time."""

    x: Vector
    """The point to evaluate next, float32 (n,). A new array after every `tell`; never written to again."""

    def tell(self, loss: float, gradient: Vector) -> None:
        """Take the value and gradient at `x`, and move `x` on. `gradient` is copied where it is kept."""

    def accept_next(self) -> None:
        """Accept the value told next: the function has changed a little, and it may be higher for that."""

    def state(self) -> State:
        """Return everything that the next steps depend on, as arrays (copies)."""

    def restore(self, state: Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]) -> None:
        """Go on from a `state`, bit for bit."""
