"""Array types shared by all layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
"""Pictures, features, vectors of the optimiser: float32."""

Numbers = npt.NDArray[np.float64]
"""Sums and solutions of linear systems: float64."""
