"""The constants of the method as the page reads them: one JSON object, from the package's own tables."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from nst_onnx.feedforward import noise, painter, statistics
from nst_onnx.feedforward.painter import Facts
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.losses import moments
from nst_onnx.objective.losses.loss import FeatureLoss, PositionwiseLoss
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.optim import correction_pairs, lbfgs, preconditioner
from nst_onnx.painting import descent, fine_levels, pyramid, quality
from nst_onnx.painting.flat_objective import GREY_LEVELS
from nst_onnx.painting.objective_settings import balance
from nst_onnx.painting.optimiser_settings import LONGEST_STEP, LOOKBACK, OptimiserSettings
from nst_onnx.painting.options import Options
from nst_onnx.painting.presets.preset import Preset
from nst_onnx.picture.colour import oklab
from nst_onnx.support.json_types import JsonObject
from nst_onnx.version import __version__

from .factors import factor

FORMAT = 1
"""Of the JSON object. The page refuses another."""
_BALANCES = 101  # strengths in percent


def constants(
    extractor: Extractor, preset: Preset, settings: ObjectiveSettings, channels: dict[str, int]
) -> JsonObject:
    """Return everything but the models that the page needs to paint as the package does.

    `channels`: of the features that the terms read, by source.
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
            "largest": fine_levels.SETTLED,
            "minChange": preset.min_change,
            "plateau": descent.PLATEAU,
            "greyLevels": float(GREY_LEVELS),
        },
        "terms": [_term(weighted, channels) for weighted in settings.weighted_terms],
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
        "oklab": {
            "cones": oklab.CONES.tolist(),
            "opponents": oklab.OPPONENTS.tolist(),
            "fromCones": oklab.FROM_CONES.tolist(),
            "fromOpponents": oklab.FROM_OPPONENTS.tolist(),
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


def _term(weighted: WeightedTerm, channels: dict[str, int]) -> JsonObject:
    """Return a term on features: its weight, and the factor on its distance as data."""
    term, loss = weighted.term, weighted.term.loss
    assert isinstance(loss, FeatureLoss), "the page has no losses on pixels"
    one = np.ones((2, 1), np.float32)
    return {
        "name": term.name,
        "source": term.source,
        "target": loss.target,
        "positionwise": isinstance(loss, PositionwiseLoss),
        "weight": weighted.weight,
        # A loss that is relative by itself has an energy of 1.
        "energy": "squares" if loss.energy(one) != 1 else "one",
        "factor": asdict(factor(weighted.normalisation, channels[term.source])),
    }
