"""Our recipe: the content to start from, and the optimiser that preset `default` takes."""

from __future__ import annotations

import numpy as np

from nst_onnx import Objective
from nst_onnx.painting import presets
from nst_onnx.painting.descent import begin
from nst_onnx.painting.flat_objective import GREY_LEVELS, HostLandscape, to_vector
from nst_onnx.painting.term_pruning import Thrift
from nst_onnx.support.arrays import Array


class OwnRecipe:
    """A picture that goes down an objective as a painting's does: `evaluate`, `step`, and again."""

    def __init__(self, objective: Objective) -> None:
        self._objective, self._ground = objective, HostLandscape(objective)
        preset = presets.find("default")
        x = to_vector(objective.content_picture)
        self._optimiser = begin(preset.optimiser, preset, x, self._ground)
        self._thrift = Thrift(objective, self._ground)
        self._count, self._lowest = 0, np.inf
        self._told: tuple[float, Array] = np.inf, x

    def evaluate(self) -> float:
        """Return the loss where the picture is."""
        x = self._optimiser.x
        losses, gradient = self._ground(x)
        improved = total(losses) < self._lowest
        if improved and self._thrift.due(self._count, losses, gradient):
            losses, gradient = self._thrift.look(self._count, x, losses, gradient)
            self._optimiser.forgive()
        self._told = total(losses), gradient
        if improved:
            self._lowest = self._told[0]
        self._count += 1
        return self._told[0]

    def step(self) -> None:
        """Move on from where it was evaluated."""
        self._optimiser.tell(*self._told)

    def warm_up(self) -> None:
        """Evaluate once, without consequences."""
        self._ground(self._optimiser.x)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The terms that are not computed for now."""
        return self._thrift.left_out

    @property
    def picture(self) -> Array:
        """The picture 1×3×H×W."""
        return picture(self._optimiser.x, self._objective.shape)


def picture(x: Array, shape: tuple[int, int]) -> Array:
    """Return the picture 1×3×H×W of an optimiser's vector."""
    return (x / GREY_LEVELS).reshape(1, 3, *shape)


def gradient(slope: Array) -> Array:
    """Return the gradient of a picture 1×3×H×W as optimisers see it."""
    return slope.reshape(-1) / GREY_LEVELS


def total(losses: Array) -> float:
    """Return the sum of an objective's terms."""
    return float(losses.sum(dtype=np.float64))
