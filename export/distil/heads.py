"""Linear heads, which predict the teacher's features, and the read-outs derived from them.

A head A (T×C) predicts the teacher's features from the student's, F_teacher = A F_student, and so the Gram
matrices: G_teacher = A G_student Aᵀ. Distances between these Gram matrices need no T×T matrices: with any R
(C×C) for which RᵀR = AᵀA, ‖A D Aᵀ‖ = ‖R D Rᵀ‖ for every D. So a 1×1 convolution by R, the layer's *read-out*,
gives C features whose Gram matrices have the same distances as those of the T predicted features.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

_RIDGE = 1e-5  # of the mean of the diagonal: makes the system regular with constant or equal channels


def least_squares(products: Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]]) -> Matrix:
    """Return the head A, T×C, that minimises ‖A f − F‖², from sums over positions: f fᵀ and F fᵀ."""
    seen = [(own.astype(np.float64), both.astype(np.float64)) for own, both in products]
    own, both = (np.sum(matrices, axis=0) for matrices in zip(*seen, strict=True))
    ridge = _RIDGE * own.trace() / len(own) * np.eye(len(own))
    return np.asarray(np.linalg.solve(own + ridge, both.T).T)


def read_out(head: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return R, C×C, for a head A, T×C: RᵀR = AᵀA, its rows by descending norm."""
    teacher, own = head.shape
    square = np.pad(
        head.astype(np.float64), ((0, max(0, own - teacher)), (0, 0))
    )  # R has C rows where T < C too
    _, sizes, rows = np.linalg.svd(square, full_matrices=False)
    signs = np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(1)])  # the SVD does not determine them
    return np.asarray(rows * (sizes * signs)[:, None], np.float32)
