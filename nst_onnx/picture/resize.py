"""Changing a picture's size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import OptionError


def fit(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (height, width) of the same aspect as `shape` with the longest side `longest`.

    Neither side falls below 1. Raises OptionError if `longest` is less than 1.
    """
    if longest < 1:
        raise OptionError(f"the size must be at least 1 pixel, not {longest}")
    scale = longest / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    return height, width


def resize(array: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resample a float32 H×W or H×W×C array to `shape` (height, width).

    A Lanczos window of three lobes, widened when reducing so that nothing aliases; computed
    in float32 by Pillow. The result is clipped to 0..1, because Lanczos overshoots at edges.
    Raises OptionError if a side of `shape` is less than 1.
    """
    height, width = shape
    if height < 1 or width < 1:
        raise OptionError(f"a picture cannot be resized to {width}×{height} pixels")
    if array.shape[:2] == (height, width):
        return np.clip(array, 0, 1).astype(np.float32, copy=False)
    if array.ndim == 2:
        return _resize_channel(array, height, width)
    channels = [_resize_channel(array[..., c], height, width) for c in range(array.shape[2])]
    return np.stack(channels, axis=-1)


def _resize_channel(channel: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(channel, dtype=np.float32))
    resampled: NDArray[np.float32] = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
    clipped: NDArray[np.float32] = np.clip(resampled, 0, 1)
    return clipped
