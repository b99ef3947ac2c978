"""Preset: a published recipe as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from nst_onnx.graph.passes.network_edits import Pooling
from nst_onnx.objective.losses.loss import Loss
from nst_onnx.objective.losses.normalisation import Normalisation

Start = Literal["content", "recoloured", "noise", "style"]
Noise = Literal["mixed", "white", "faint", "shifted"]
OptimiserName = Literal["lbfgs", "preconditioned", "adam"]


@dataclass(frozen=True)
class WeightedLoss:
    """A loss in a recipe. `weight`: in the source's units.

    `layers`: {name: relative weight}; None means the model's own default layers, with equal weights that sum
    to 1. `normalisation` None: the loss's own.
    """

    loss: Loss
    _: KW_ONLY
    weight: float
    normalisation: Normalisation | None = None
    layers: Mapping[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A recipe: which losses at which layers, and how the picture is optimised.

    Weights, learning rates and noise are in the source's units, which count in grey
    levels (0..255). `model` is the network it was published for. `history` and `line_search` are
    those of plain L-BFGS. `detail`: share of the photo's detail that is added to the enlarged
    picture from which a level starts, but a fine one, where the run starts with the photo. `fine_levels`:
    whether levels above about 1000 pixels only add texture.
    """

    name: str
    source: str
    model: str | None = "vgg19"
    losses: tuple[WeightedLoss, ...]
    pooling: Pooling | None = None
    same: bool = False
    margin: int = 0
    start: Start = "noise"
    noise: Noise = "white"
    optimiser: OptimiserName = "lbfgs"
    learning_rate: float = 1.0
    history: int = 20
    line_search: bool = True
    averaging: float = 0.0
    min_change: float = 0.0
    size: int | tuple[int, int] = 512
    pyramid: bool = False
    detail: float = 0.0
    fine_levels: bool = False
    steps: int = 500


def each(*layers: str, weight: float = 1.0) -> dict[str, float]:
    """Return {layer: weight}, the same weight for all."""
    return dict.fromkeys(layers, weight)
