"""The temporal consistency loss: differences to the previous frame, warped along the optical flow.

With x the picture, ω the previous painted frame, warped, and c ∈ [0, 1] the trust in the flow at each pixel
(0 at disocclusions), Ruder, Dosovitskiy & Brox 2016
("Artistic style transfer for videos", arXiv:1604.08610, section 4.2) have

    L(x, ω, c) = 1/D · Σ c (x − ω)²,    D = W · H · C.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.graph import Graph
from nst_onnx.objective.losses.loss import PictureLoss
from nst_onnx.objective.losses.normalisation import Layer

TARGET, TRUST = "target/temporal", "weight/temporal"


@dataclass(frozen=True, eq=False)
class Temporal:
    """The previous frame as a target. `warped`: ω, float32 H×W×3 in 0..1. `trust`: c, float32 H×W in 0..1.

    `weight`: of the loss, beside those of content and style.
    """

    warped: npt.NDArray[np.float32]
    trust: npt.NDArray[np.float32]
    weight: float


def distance(g: Graph, picture: str) -> str:
    """Σ c (x − ω)² of a picture 1×3×H×W; the inputs TARGET (1×3×H×W) and TRUST (1×1×H×W) are ω and c."""
    target, trust = g.input(TARGET, [1, 3, None, None]), g.input(TRUST, [1, 1, None, None])
    difference = g.op("Mul", g.op("Sub", picture, target), g.op("Sqrt", trust))
    return g.op("ReduceSumSquare", difference, keepdims=0)


def mean(layer: Layer) -> float:
    """1/D, for the pixels of one channel."""
    return 1 / (3 * layer.pixels)


LOSS = PictureLoss(name="temporal", distance=distance, inputs=(TARGET, TRUST), normalisation=mean)
