"""The constants of the method as the page reads them: one JSON object, from the package's own tables."""

from __future__ import annotations

from nst_onnx.feedforward import noise, painter, statistics
from nst_onnx.feedforward.painter import Facts
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.losses import moments
from nst_onnx.optim import correction_pairs, lbfgs, preconditioner
from nst_onnx.painting import descent, pyramid, quality
from nst_onnx.painting.flat_objective import GREY_LEVELS
from nst_onnx.painting.objective_settings import balance
from nst_onnx.painting.optimiser_settings import LONGEST_STEP, LOOKBACK, OptimiserSettings
from nst_onnx.painting.options import Options
from nst_onnx.painting.presets.preset import Preset
from nst_onnx.picture import frame
from nst_onnx.picture.colour import oklab
from nst_onnx.support.json_types import JsonObject
from nst_onnx.version import __version__

from .objectives import fine_constants, pruning_constants

FORMAT = 4
"""Of the JSON object. The page refuses another."""
LARGEST = 2048
"""Pixels of the largest size that the page offers: WebAssembly has at most 4 GB of memory."""
_BALANCES = 101  # strengths in percent


def constants(extractor: Extractor, preset: Preset, objectives: JsonObject) -> JsonObject:
    """Return everything but the models that the page needs to paint as the package does.

    `objectives`: the facts of `objectives.objectives`.
    """
    options = Options.table()
    own = OptimiserSettings.of(preset)
    return {
        "format": FORMAT,
        "version": __version__,
        "network": {"name": extractor.facts.name, "licence": extractor.facts.licence},
        "preset": {
            "name": preset.name,
            "steps": preset.steps,
            "size": preset.size,
            "largest": LARGEST,
            "minChange": preset.min_change,
            "detail": preset.detail,
            "plateau": descent.PLATEAU,
            "greyLevels": float(GREY_LEVELS),
        },
        "objectives": objectives,
        "fine": fine_constants(),
        "pruning": pruning_constants(),
        "balance": [balance(percent / (_BALANCES - 1)) for percent in range(_BALANCES)],
        "options": {
            "strength": options["strength"].default,
            "styleScale": options["style_scale"].default,
        },
        "qualities": {name: budget._asdict() for name, budget in quality.budgets("cpu").items()},
        "pyramid": {
            "coarsest": pyramid.COARSEST,
            "ratio": pyramid.RATIO,
            "narrowest": pyramid.NARROWEST,
            "tolerance": pyramid.TOLERANCE,
            "settled": pyramid.SETTLED,
            "coarse": float(pyramid.COARSE),
            "fewest": pyramid.FEWEST,
        },
        "optimiser": {
            "history": own.history,
            "learningRate": own.learning_rate,
            "longestStep": LONGEST_STEP,
            "lookback": LOOKBACK,
            "armijo": lbfgs.ARMIJO,
            "rounding": lbfgs.ROUNDING,
            "maxShortened": lbfgs.MAX_SHORTENED,
            "minCosine": correction_pairs.MIN_COSINE,
            "scalingFactor": correction_pairs.SCALING_FACTOR,
        },
        "preconditioner": {
            "finest": preconditioner.FINEST,
            "coarsest": preconditioner.COARSEST,
            "exponent": preconditioner.EXPONENT,
            "maxCoefficients": preconditioner.MAX_COEFFICIENTS,
            "updates": list(preconditioner.UPDATES),
            "prior": preconditioner.PRIOR,
            "opponents": preconditioner.OPPONENTS.astype(float).tolist(),
        },
        "frame": frame_constants(),
        "oklab": {
            "cones": oklab.CONES.tolist(),
            "opponents": oklab.OPPONENTS.tolist(),
            "fromCones": oklab.FROM_CONES.tolist(),
            "fromOpponents": oklab.FROM_OPPONENTS.tolist(),
        },
    }


def frame_constants() -> JsonObject:
    """Return the constants of the detection of frames."""
    return {
        "searched": frame.SEARCHED,
        "deepest": frame.DEEPEST,
        "alike": frame.ALIKE,
        "step": frame.STEP,
        "clear": frame.CLEAR,
        "black": frame.BLACK,
        "white": frame.WHITE,
        "bands": frame.BANDS,
        "corner": frame.CORNER,
        "smallest": frame.SMALLEST,
        "faintDepth": list(frame.FAINT_DEPTH),
        "edges": {
            name: getattr(frame, name.upper())._asdict() for name in ("usual", "ragged", "plain", "faint")
        },
    }


def of_painter(facts: Facts) -> JsonObject:
    """Return the constants of the feed-forward painter."""
    return {
        "layers": list(facts.layers),
        "multiple": facts.multiple,
        "frame": painter.FRAME,
        "extension": float(painter.EXTENSION),
        "measuredAt": statistics.LARGEST,
        "largest": quality.budgets("cpu")["instant"].size,
        "floor": moments.FLOOR,
        "tiny": statistics.TINY,
        "noise": {
            "row": int(noise.ROW),
            "column": int(noise.COLUMN),
            "rounds": [[int(shift), int(multiplier)] for shift, multiplier in noise.ROUNDS],
            "last": int(noise.LAST),
        },
    }
