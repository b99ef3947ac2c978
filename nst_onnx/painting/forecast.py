"""The time that a painting will take: its schedule's work times this computer's rate, which is measured."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from nst_onnx.objective.objective import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings
from nst_onnx.painting import fine_levels
from nst_onnx.painting.descent import Descent
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.plan import Plan
from nst_onnx.painting.schedule import Schedule
from nst_onnx.picture import Picture

_SIDE = 320  # pixels of the square that is timed: small enough for a moment, too large for a cache
_EVALUATIONS = 7
_NOT_TIMED = 3  # evaluations that also allocate and tune
_WITH_FINE_LEVELS = 2 * fine_levels.SETTLED  # pixels of a side


@dataclass(frozen=True)
class Work:
    """Evaluated pixels of the `usual` levels, and of the `fine` ones, which compare shallow layers only."""

    usual: float
    fine: float


def work(network: Network, shape: tuple[int, int], options: Options, styles: int = 1) -> Work:
    """Return the work of painting a content (H, W) with `options`, as `Schedule.work` counts it.

    Raises OptionError.
    """
    plan = _plan(network, shape, options, styles)
    amounts = Schedule(plan.shapes, plan.budgets, plan.objective.terms.margin).work()
    fine = [plan.is_fine(level) for level in plan.shapes]
    return Work(
        sum(amount for amount, is_fine in zip(amounts, fine, strict=True) if not is_fine),
        sum(amount for amount, is_fine in zip(amounts, fine, strict=True) if is_fine),
    )


def rate(network: Network, options: Options, styles: int = 1, *, fine: bool = False) -> float:
    """Return the seconds of an evaluated pixel: a small picture is painted, in a second or two.

    `fine`: of the fine levels. How much cheaper these are depends on the computer: their layers are bound by
    its memory, the deeper ones by its arithmetic. Raises OptionError, ModelError, DeviceError.
    """
    options = replace(options, quality=None, size=None, steps=_EVALUATIONS)
    side = _WITH_FINE_LEVELS if fine else _SIDE
    plan = _plan(network, (side, side), replace(options, size=side), styles)
    settings = plan.fine_objective if fine else None
    return _timed(network, plan, settings or plan.objective, styles)


def _timed(network: Network, plan: Plan, settings: ObjectiveSettings, styles: int) -> float:
    shape = _SIDE, _SIDE
    content, memory = _waves(shape, 0), plan.memory
    objective = Objective(
        content, _styles(styles), network=network, settings=settings, shape=shape, memory=memory
    )
    try:
        descent = Descent(objective, content.rgb, plan.descent, evaluations=_EVALUATIONS)
        times = []
        for _ in range(_EVALUATIONS):
            descent.evaluate()
            descent.step()
            times.append(time.perf_counter())
    finally:
        objective.close()
    one = float(np.median(np.diff(times)[_NOT_TIMED - 1 :]))
    return one / (_SIDE + 2 * settings.terms.margin) ** 2


def _plan(network: Network, shape: tuple[int, int], options: Options, styles: int) -> Plan:
    nothing = np.broadcast_to(np.float32(0.5), (*shape, 3))  # of no memory: only its size counts
    content = Picture(nothing, None, "content", 8)
    return Plan.of(options, network.extractor, network.device, Inputs(content, tuple(_styles(styles))))


def _styles(count: int) -> list[Picture]:
    return [_waves((_SIDE, _SIDE), 1 + number) for number in range(max(count, 1))]


def _waves(shape: tuple[int, int], seed: int) -> Picture:
    """Return a picture of soft waves and noise, so that no term of an objective is without work."""
    generator = np.random.default_rng(seed)
    height, width = shape
    y, x = np.mgrid[0:height, 0:width] / max(shape)
    waves = [np.sin(generator.uniform(10, 60) * x + generator.uniform(10, 60) * y) for _ in range(3)]
    rgb = 0.5 + 0.3 * np.dstack(waves) + generator.uniform(-0.2, 0.2, (*shape, 3))
    return Picture(np.clip(rgb, 0, 1).astype(np.float32), None, "waves", 8)
