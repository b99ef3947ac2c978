"""A region being resolved: its mask and its styles, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nst_onnx.picture import Picture
from nst_onnx.support.arrays import Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """`mask`: H×W in 0..1, None for what no other one covers. `strength`, `style_scale`: None for those of
    the whole picture.
    """

    name: str
    mask: Array | None
    styles: Sequence[Picture]
    style_weights: tuple[float, ...] | None = None
    strength: float | None = None
    style_scale: float | None = None


def with_weights(style: Picture, weights: Array) -> Picture:
    """Return a style picture of which positions count as much as `weights` H×W say."""
    alpha = weights if style.alpha is None else weights * style.alpha
    return replace(style, alpha=np.ascontiguousarray(alpha, np.float32))
