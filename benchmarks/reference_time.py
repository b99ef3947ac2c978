"""Run time of the reference recipe in PyTorch."""

from __future__ import annotations

import statistics
import time
from functools import cache

import torch

from benchmarks import objectives, reference_recipe
from benchmarks.torch_reference import configurations
from benchmarks.turns import PAUSE, stopwatch
from nst_onnx import Objective

_TRIALS = 2  # evaluations of each configuration, to choose the best


class ReferenceTime:
    """Seconds of the reference recipe for one picture, interleaved with other measurements."""

    def __init__(self, objective: Objective) -> None:
        picture = objectives.trial_picture(objective)
        trials = []
        for configuration in configurations():
            if configuration.kind == "fp32":
                evaluate, _ = objectives.in_torch(objective, configuration, picture)
                timed = stopwatch(evaluate)
                trials.append((min(timed() for _ in range(_TRIALS)), str(configuration), timed))
        _, self.configuration, self._timed = min(trials, key=lambda trial: trial[0])
        self.evaluations: list[float] = []
        self._steps = optimiser_seconds(objective.shape)

    def turn(self) -> None:
        """Time one evaluation, after one as warm-up."""
        time.sleep(PAUSE)
        self._timed()
        self.evaluations.append(self._timed())
        time.sleep(PAUSE)

    def seconds(self, evaluations: int) -> float:
        """Return the recipe's seconds for `evaluations`, its optimiser's steps included."""
        steps, full = self._steps[:evaluations], statistics.median(self._steps[-5:])
        optimiser = sum(steps) + full * (evaluations - len(steps))
        return evaluations * statistics.median(self.evaluations) + optimiser


@cache
def optimiser_seconds(shape: tuple[int, int]) -> tuple[float, ...]:
    """Return the seconds of each step of torch.optim.LBFGS, until a few steps after its history is full.

    The objective is a quadratic of condition number 10⁴: it costs nothing and does not converge in that time.
    """
    x = torch.from_numpy(reference_recipe.start(shape) * 1000).requires_grad_()
    curvature = torch.logspace(-2, 2, x.numel()).reshape(x.shape)
    between: list[float] = []
    left = time.perf_counter()

    def closure() -> torch.Tensor:
        nonlocal left
        between.append(time.perf_counter() - left)
        x.grad = curvature * x.detach()
        loss = (x.grad * x.detach()).sum()
        left = time.perf_counter()
        return loss

    reference_recipe.optimiser(x, reference_recipe.HISTORY + 10).step(closure)
    return tuple(between[1:])
