"""The time that a painting will take: its schedule's work times this computer's rate, which is measured."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from nst_onnx.objective.sessions import Network
from nst_onnx.painting import fine_levels
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.plan import Plan
from nst_onnx.painting.schedule import Schedule
from nst_onnx.picture import Picture

_SIDE = 224  # pixels of the square that is timed: small enough for a moment, large enough for the rate
_EVALUATIONS = 7
_NOT_TIMED = 3  # evaluations that also allocate and tune


def work(network: Network, shape: tuple[int, int], options: Options, styles: int = 1) -> float:
    """Return the work of painting a content (H, W) with `options`, as `Schedule.work` counts it.

    Raises OptionError.
    """
    schedule = _schedule(network, shape, options, styles)
    return sum(schedule.work())


def rate(network: Network, options: Options, styles: int = 1) -> float:
    """Return the seconds of a unit of work: a small picture is painted, in about a second.

    Raises OptionError, ModelError, DeviceError.
    """
    small = replace(options, quality=None, size=_SIDE, steps=_EVALUATIONS, pyramid=False, min_change=0.0)
    painting = Painting(network, _waves((_SIDE, _SIDE), 0), _styles(styles), small)
    times = []
    for _ in painting.advance():
        times.append(time.perf_counter())
    one = float(np.median(np.diff(times)[_NOT_TIMED - 1 :]))
    margin = 2 * painting.plan.objective.terms.margin
    return one / (_SIDE + margin) ** 2


def _schedule(network: Network, shape: tuple[int, int], options: Options, styles: int) -> Schedule:
    nothing = np.broadcast_to(np.float32(0.5), (*shape, 3))  # of no memory: only its size counts
    content = Picture(nothing, None, "content", 8)
    inputs = Inputs(content, tuple(_styles(styles)))
    plan = Plan.of(options, network.extractor, network.device, inputs)
    costs = [fine_levels.COST if plan.is_fine(level) else 1.0 for level in plan.shapes]
    return Schedule(plan.shapes, plan.budgets, plan.objective.terms.margin, costs)


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
