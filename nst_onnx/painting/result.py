"""The result of a stylisation: the picture, its history and its settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.picture import write
from nst_onnx.picture.photo_metadata import Kept, PhotoMetadata
from nst_onnx.support.arguments import shown
from nst_onnx.support.json_types import JsonObject

if TYPE_CHECKING:
    import PIL.Image

HistoryRow = dict[str, float]
"""One evaluation: scale, iteration, total, content, style, tv, seconds."""

_DEEP = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class Result:
    """A finished picture, its losses and its settings.

    `array`: float32 H×W×3, RGB, 0..1, sRGB-encoded. `alpha`: float32 H×W, the content's, or None.
    `history`: one dict per evaluation: scale, iteration, total, content, style, tv, seconds.
    `settings`: what it was made with, fit for JSON. `bits`: 16 where the content had more than 8.
    `metadata`: what is kept of the photo's, None where it has none.
    `losses`: those of the best evaluation, which the picture is (but for clipping and averaging).
    `seconds`: how long it took, without reading and writing of files.
    """

    array: npt.NDArray[np.float32]
    alpha: npt.NDArray[np.float32] | None = None
    history: list[HistoryRow] = field(default_factory=list)
    settings: JsonObject = field(default_factory=dict)
    bits: int = 8
    losses: dict[str, float] = field(default_factory=dict)
    metadata: PhotoMetadata | None = None
    seconds: float = 0.0

    @property
    def image(self) -> PIL.Image.Image:
        """The picture as a Pillow image, RGB or (where the content had transparency) RGBA, 8 bits."""
        return to_image(self.array, self.alpha)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        bits: int | None = None,
        quality: int = 95,
        metadata: Kept = "keep",
    ) -> None:
        """Write the picture with its settings; the suffix chooses the format (.png .jpg .tif .webp).

        `bits`: 8 or 16; None takes 16 where the content had more than 8 and the format can hold it.
        `quality`: of JPEG and WebP, 1..100. `metadata`: "keep" writes the photo's author, rights, dates,
        camera, resolution and XMP, but not where it was taken, "place" that as well, "none" nothing of it.
        Raises PictureError, and OptionError for an invalid value; never leaves half a file behind.
        """
        if bits is None:
            bits = self.bits if str(path).lower().endswith(_DEEP) else 8
        if not isinstance(metadata, str) or metadata not in get_args(Kept):
            raise OptionError(f"metadata must be keep, place or none, not {shown(metadata)}")
        kept = None if self.metadata is None else self.metadata.chosen(metadata)
        write(
            path,
            self.array,
            alpha=self.alpha,
            bits=bits,
            quality=quality,
            settings=self.settings,
            metadata=kept,
        )


def to_image(rgb: npt.NDArray[np.float32], alpha: npt.NDArray[np.float32] | None) -> PIL.Image.Image:
    """Return an 8-bit Pillow image of a picture H×W×3 in 0..1."""
    import PIL.Image

    channels = rgb if alpha is None else np.dstack([rgb, alpha])
    return PIL.Image.fromarray(np.rint(channels * 255).astype(np.uint8))
