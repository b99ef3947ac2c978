"""Array types shared by all layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
"""Pictures, features, vectors of the optimiser: float32."""

Samples = npt.NDArray[Any]
"""Samples of a picture as stored in its file: uint8, uint16 or a float type."""

Numbers = npt.NDArray[np.float64]
"""Sums and solutions of linear systems: float64."""
