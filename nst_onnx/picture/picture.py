"""What a picture is in nst-onnx."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, ready for computing.

    `rgb` is float32 H×W×3 in 0..1, sRGB-encoded and upright; colours under full transparency
    are kept as the source stores them. `alpha` is float32 H×W in 0..1, or None where the
    picture is opaque throughout. Either may be on disk (np.memmap). `name` is for messages.
    `bits` (8 or 16) is the precision of the source, and so the one worth writing back.
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    name: str
    bits: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.rgb.shape[0], self.rgb.shape[1]


Source: TypeAlias = "str | os.PathLike[str] | bytes | NDArray[Any] | Image.Image | Picture"
