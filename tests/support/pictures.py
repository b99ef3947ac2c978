"""Pictures made on the spot."""

import numpy as np
from PIL import Image


def smooth_picture(height: int, width: int, seed: int) -> Image.Image:
    """Return a picture of soft coloured waves."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(rng.uniform(4, 20) * x + rng.uniform(4, 20) * y + rng.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.rint(127.5 + 127.5 * np.dstack(waves)).astype(np.uint8))
