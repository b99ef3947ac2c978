"""The picture type: float32 sRGB pixels, with alpha separate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.photo_metadata import PhotoMetadata

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in canonical form.

    `rgb` is float32 H×W×3 in 0..1, sRGB-encoded and upright; colours under full transparency
    are those of the source. `alpha` is float32 H×W in 0..1, or None where the
    picture is opaque throughout. Either may be memory-mapped. `name` is for messages.
    `bits` (8 or 16) is the precision of the source, the default for writing. `metadata` is what a
    painting keeps of its metadata, None where it has none.
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    name: str
    bits: int
    metadata: PhotoMetadata | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.rgb.shape[0], self.rgb.shape[1]


Source: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | NDArray[np.generic] | Image.Image "
    "| Picture"
)
"""What `read` accepts."""
