"""Our recipe: the descent of preset `default` from the content, step by step."""

from __future__ import annotations

import numpy as np

from nst_onnx import Objective
from nst_onnx.painting import presets
from nst_onnx.painting.descent import Descent, DescentSettings
from nst_onnx.painting.flat_objective import GREY_LEVELS
from nst_onnx.painting.optimiser_settings import OptimiserSettings
from nst_onnx.support.arrays import Array


def own_descent(objective: Objective) -> Descent:
    """Return the descent of an objective from its content, with no plateau test."""
    settings = DescentSettings(OptimiserSettings.of(presets.find("default")))
    return Descent(objective, objective.content_picture, settings)


def current_picture(descent: Descent) -> Array:
    """Return the iterate just evaluated, as a picture 1×3×H×W."""
    return picture(descent.current, descent.shape)


def picture(x: Array, shape: tuple[int, int]) -> Array:
    """Return the picture 1×3×H×W of an optimiser's vector."""
    return (x / GREY_LEVELS).reshape(1, 3, *shape)


def gradient(of_picture: Array) -> Array:
    """Return the gradient with respect to an optimiser's vector from that of a picture 1×3×H×W."""
    return of_picture.reshape(-1) / GREY_LEVELS


def total(losses: Array) -> float:
    """Return the sum of an objective's terms."""
    return float(losses.sum(dtype=np.float64))
