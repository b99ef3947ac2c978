"""Pictures made on the spot."""

import numpy as np
from PIL import Image


def smooth_picture(height: int, width: int, seed: int) -> Image.Image:
    """Return a picture of soft coloured waves."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(rng.uniform(4, 20) * x + rng.uniform(4, 20) * y + rng.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.rint(127.5 + 127.5 * np.dstack(waves)).astype(np.uint8))


def patchwork(height: int, width: int, channels: int, *, seed: int) -> np.ndarray:
    """Patches of five pixels with noise, float32 in 0.1..0.9."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 5 + 1, width // 5 + 1, channels)).repeat(5, 0).repeat(5, 1)
    made = 0.1 + 0.6 * coarse[:height, :width] + 0.2 * rng.random((height, width, channels))
    return made.astype(np.float32)
