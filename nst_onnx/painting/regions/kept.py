"""What regions keep of the photo, put back into the painting."""

from __future__ import annotations

import numpy as np

from nst_onnx.support.arrays import Array


def put_back(painted: Array, photo: Array, kept: Array) -> Array:
    """Return a painting H×W×3 with as much of the photo as `kept` H×W says: bit for bit where it is 1."""
    share = kept[..., None]
    found: Array = np.where(share == 1, photo, painted + share * (photo - painted))
    return found
