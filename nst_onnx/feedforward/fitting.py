"""Fitting of a style vector: L-BFGS on the painter's inputs, against the objective of optimised pictures.

The derivative by the picture comes from the objective's graph, and the painter's graph carries it on to the
style vector. No training framework takes part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nst_onnx.feedforward.painter import Painter
from nst_onnx.objective.objective import Objective
from nst_onnx.optim.lbfgs import LBFGS, LineSearch
from nst_onnx.support.arrays import Array

_UNIT = 0.005
"""The optimiser's unit of a style vector: the first step changes it by this much (root mean square)."""
_LONGEST = 40.0
_HISTORY = 20


@dataclass(frozen=True)
class Fitted:
    """The state after an evaluation.

    `losses`: the mean over all photos, of the style vector `current`. `best_loss`: of the best so far,
    `style`.
    """

    losses: dict[str, float]
    current: Array
    best_loss: float
    style: Array


def fit(
    painter: Painter, objectives: Sequence[Objective], start: Array, evaluations: int
) -> Iterator[Fitted]:
    """Yield after each evaluation of the mean of the objectives, one for each photo.

    A photo is its objective's content, at the objective's size. `start`: the first style vector.
    """
    search = LineSearch(longest=_LONGEST)
    optimiser: LBFGS[Array] = LBFGS(np.zeros_like(start), history=_HISTORY, line_search=search)
    best_loss, best = np.inf, start
    for _ in range(evaluations):
        style = start + np.float32(_UNIT) * optimiser.x
        losses, gradient = _evaluate(painter, objectives, style)
        if losses["total"] < best_loss:
            best_loss, best = losses["total"], style
        yield Fitted(losses, style, best_loss, best)
        optimiser.tell(losses["total"], np.float32(_UNIT) * gradient)


def _evaluate(
    painter: Painter, objectives: Sequence[Objective], style: Array
) -> tuple[dict[str, float], Array]:
    """Return the mean of the named losses, and its derivative by the style vector."""
    found: list[dict[str, float]] = []
    total = np.zeros(len(style), np.float32)
    for objective in objectives:
        photo = objective.content_picture
        terms, gradient = objective.evaluate(painter.forward(photo, style))
        found.append(objective.named(terms))
        total += painter.backward(photo, style, gradient) / np.float32(len(objectives))
    return {name: sum(losses[name] for losses in found) / len(found) for name in found[0]}, total
