"""Which optimiser goes down a landscape, and with what settings."""

from __future__ import annotations

import sys

from nst_onnx.optim import LBFGS, Adam, Optimiser
from nst_onnx.optim.correction_pairs import bold, newest
from nst_onnx.optim.optimiser import State
from nst_onnx.painting.flat_objective import Landscape
from nst_onnx.painting.presets.preset import OptimiserName, Preset
from nst_onnx.support.arrays import Array

PAIRS = 20  # that the preconditioned optimiser keeps
LOOKBACK = 3  # losses: a step that is a little worse than the last ones costs more to shorten than to take
LONGEST_STEP = 10.0  # root mean square, in grey levels; the first guesses of the curvature overshoot


def pairs(kind: OptimiserName, preset: Preset, evaluations: int) -> int:
    """Return how many pairs an optimiser keeps, if it keeps any: no more than it can come to."""
    return min({"adam": 0, "preconditioned": PAIRS, "lbfgs": preset.history}[kind], evaluations)


def begin(
    kind: OptimiserName,
    preset: Preset,
    x: Array,
    ground: Landscape,
    rate: float | None = None,
    *,
    evaluations: int = sys.maxsize,
    before: State | None = None,
) -> Optimiser:
    """Return an optimiser at a picture's vector, with the preset's settings where `kind` has any.

    `rate` None means the preset's learning rate. `evaluations`: how many there will be at most.
    `before`: what the optimiser of a smaller picture has `learnt`.
    """
    rate = rate or preset.learning_rate
    if kind == "adam":
        return Adam(x, learning_rate=rate)
    space, smoothing = ground.space(), ground.smoothing() if kind == "preconditioned" else None
    if smoothing is not None and before:
        smoothing.inherit(before)
    return LBFGS(
        space.take(x),
        space=space,
        smoothing=smoothing,
        history=pairs(kind, preset, evaluations),
        learning_rate=rate,
        longest=LONGEST_STEP,
        line_search=kind == "preconditioned" or preset.line_search,
        lookback=LOOKBACK if kind == "preconditioned" else 1,
        scaling=bold if kind == "preconditioned" else newest,
    )


def learnt(optimiser: Optimiser) -> State:
    """Return what the optimiser of a larger picture can begin with.

    That is the preconditioner. The pairs are of no use there: they made it slower.
    """
    smoothing = optimiser.smoothing if isinstance(optimiser, LBFGS) else None
    return {} if smoothing is None else smoothing.state()
