"""Resizing of masks: no value beyond those that there are, at any edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resize_mask(mask: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a mask H×W in 0..1 at another size, (height, width); itself at its own.

    A triangle window, widened when reducing: it has no overshoots, which the Lanczos window of pictures has.
    """
    from PIL import Image  # reading a picture imports it, importing this room does not

    if mask.shape == shape:
        return mask
    size = shape[1], shape[0]
    found = Image.fromarray(np.ascontiguousarray(mask, np.float32)).resize(size, Image.Resampling.BILINEAR)
    resized: NDArray[np.float32] = np.asarray(found, np.float32).clip(0, 1)
    return resized
