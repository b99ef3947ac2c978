"""Quantiles of samples of any number, by which distributions are compared in one dimension."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_onnx.support.arrays import Numbers

LEVELS = 4096


def quantiles(samples: npt.NDArray[np.floating]) -> Numbers:
    """Return the quantiles K×4096 of K rows of samples, at (i + ½) / 4096, each one of the samples."""
    count = samples.shape[1]
    ranks = ((np.arange(LEVELS) + 0.5) * count / LEVELS).astype(np.int64)
    return np.sort(samples, axis=1)[:, ranks].astype(np.float64)
