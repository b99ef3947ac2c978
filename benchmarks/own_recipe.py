"""Our recipe: the content to start from, and the optimiser that preset `default` takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_onnx import Objective, presets
from nst_onnx.descent import begin as begin_at
from nst_onnx.landscape import GREY_LEVELS, HostLandscape, to_vector
from nst_onnx.optim import Optimiser

Array = npt.NDArray[np.float32]


def begin(objective: Objective) -> Optimiser:
    """Return the optimiser before its first evaluation, at the content picture."""
    preset = presets.find("default")
    x = to_vector(objective.content_picture)
    return begin_at(preset.optimiser, preset, x, HostLandscape(objective))


def picture(x: Array, shape: tuple[int, int]) -> Array:
    """Return the picture 1×3×H×W of an optimiser's vector."""
    return (x / GREY_LEVELS).reshape(1, 3, *shape)


def gradient(slope: Array) -> Array:
    """Return the gradient of a picture 1×3×H×W as optimisers see it."""
    return slope.reshape(-1) / GREY_LEVELS
