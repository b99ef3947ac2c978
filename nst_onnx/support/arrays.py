"""Types of arrays that every layer exchanges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
"""Pictures, features, vectors of the optimiser."""

Numbers = npt.NDArray[np.float64]
"""What is summed or solved in double precision."""
