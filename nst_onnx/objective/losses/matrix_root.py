"""Square roots of symmetric positive definite matrices: in a graph by Newton-Schulz, in numpy by eigenvalues.

The coupled iteration (Higham 2008, "Functions of Matrices", eq. 6.35) computes the root and its inverse by
products alone. Its polynomial is scaled in every step for the interval that still holds the singular
values (Chen & Chow 2014, "A stable scaling of Newton-Schulz for improving the sign function computation"),
which halves the number of steps.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from nst_onnx.graph import Graph
from nst_onnx.support.arrays import Numbers


def roots(g: Graph, matrix: str, *, smallest: float) -> tuple[str, str]:
    """Append A^½ and A^-½ of a symmetric C×C matrix, and return both, float64.

    `smallest`: a lower bound of its eigenvalues, relative to its trace. The nodes have no gradient.
    """
    matrix = g.op("Cast", matrix, to=TensorProto.DOUBLE)
    identity = g.op("EyeLike", matrix)
    trace = g.op("ReduceSum", g.op("Mul", matrix, identity), keepdims=0)
    root, inverse = g.op("Div", matrix, trace), identity
    for first, third in _coefficients(smallest**0.5):
        product = g.op("MatMul", inverse, root)
        polynomial = g.op(
            "Add", g.op("Mul", identity, _number(g, first)), g.op("Mul", product, _number(g, third))
        )
        root, inverse = g.op("MatMul", root, polynomial), g.op("MatMul", polynomial, inverse)
    scale = g.op("Sqrt", trace)
    return g.op("Mul", root, scale), g.op("Div", inverse, scale)


def _number(g: Graph, value: float) -> str:
    return g.constant(value, np.float64)


def _coefficients(low: float) -> list[tuple[float, float]]:
    """Return (a, b) of each step's a I + b Z Y, for singular values from `low` to 1."""
    found = []
    while 1 - low > 1e-6:
        scale = (3 / (1 + low + low**2)) ** 0.5
        found.append((1.5 * scale, -0.5 * scale**3))
        low = 0.5 * scale * low * (3 - (scale * low) ** 2)
    return [*found, (1.5, -0.5)]


def eigen_roots(matrix: Numbers) -> tuple[Numbers, Numbers]:
    """Return A^½ and A^-½ of a symmetric positive definite C×C matrix, in float64."""
    values, vectors = np.linalg.eigh(matrix.astype(np.float64))
    scale = np.sqrt(np.maximum(values, np.finfo(np.float64).tiny))
    return (vectors * scale) @ vectors.T, (vectors / scale) @ vectors.T
