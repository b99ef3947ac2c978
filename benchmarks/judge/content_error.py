"""Content error: difference of the self-similarity of conv4_2, after Kolkin et al. 2019 (arXiv:1904.12785).

Zero for the photo itself, about 0.6 for an unrelated picture. What the picture is painted with does not
count: only which places of it look alike.
"""

from __future__ import annotations

import numpy as np

from nst_onnx.support.arrays import Array, Numbers

SIDE = 16
"""Positions along each side to which the features are averaged."""

_TINY = 1e-12


def self_similarity(features: Array) -> Numbers:
    """Return the self-similarity 256×256 of features C×H×W: F Fᵀ, each row centred and of unit length.

    F: the averages over 16×16 cells, less their mean over the cells, each cell of unit length.
    """
    cells = averaged(features, SIDE).reshape(features.shape[0], -1).T
    F = _unit(cells - cells.mean(0))
    similarity = F @ F.T
    return _unit(similarity - similarity.mean(1, keepdims=True))


def content_error(picture: Numbers, photo: Numbers) -> float:
    """Return 1 less the mean inner product of corresponding rows of two self-similarities."""
    return float(1 - np.einsum("ij,ij->i", picture, photo).mean())


def averaged(features: Array, side: int) -> Numbers:
    """Return C×side×side averages of C×H×W: adaptive average pooling.

    Cell i of n reaches from ⌊i H / n⌋ to ⌈(i + 1) H / n⌉, so that cells overlap where n does not divide H.
    """
    rows = _weights(features.shape[1], side)
    columns = _weights(features.shape[2], side)
    means: Numbers = np.einsum("ih,chw,jw->cij", rows, features.astype(np.float64), columns, optimize=True)
    return means


def _weights(length: int, cells: int) -> Numbers:
    """Return the matrix cells×length that averages."""
    weights = np.zeros((cells, length))
    for cell in range(cells):
        first, last = cell * length // cells, -(-(cell + 1) * length // cells)
        weights[cell, first:last] = 1 / (last - first)
    return weights


def _unit(rows: Numbers) -> Numbers:
    """Return the rows divided by their lengths; a row of zeros remains."""
    scaled: Numbers = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)
    return scaled
