"""Resolved settings of an objective: its terms with their weights, and how the pictures are prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.losses.normalisation import Normalisation

Recolouring = Literal["histogram", "covariance"]


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """What makes a good picture, with nothing left to choose: no options and no presets from here on.

    `terms`: the terms of the graph, without what only the pictures say (a mask, a frame before).
    `weights`: {term: weight}; `normalisations`: {loss: factor on its sum of squared differences}.
    `style_scale`: longest side of the style pictures, relative to the content's. `style_weights`: one per
    style picture, None for equal ones. `recolouring`: the style takes the content's colours beforehand.
    """

    terms: Terms
    weights: Mapping[str, float]
    normalisations: Mapping[str, Normalisation]
    style_scale: float = 1.0
    style_weights: tuple[float, ...] | None = None
    recolouring: Recolouring | None = None
