"""The rule of resizing: nearest neighbour, linear and cubic; repetition by whole factors is one pooling."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, Graph, attribute
from nst_onnx.graph.rules.registry import rule

_PLANE = (2, 3)  # axes of N×C×H×W
# With these, whole factors repeat each value: (mode of coordinates, mode of rounding).
_REPEATING = {("asymmetric", "floor")} | {
    (coordinates, rounding)
    for coordinates in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
    for rounding in ("round_prefer_floor", "round_prefer_ceil")
}


@rule("Resize")
def resize(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """Y = A x Bᵀ in every channel, with a matrix for the rows and one for the columns: dx = Aᵀ dy B.

    The matrices are what the operator makes of identity matrices. Where it repeats each value s×s times, dx
    is the sum of dy over them.
    """
    if index:
        return None
    factors = _factors(g, node)
    if factors is not None and _repeats(node, factors):
        sides = [int(factor) for factor in factors]
        mean = g.op("AveragePool", dy, kernel_shape=sides, strides=sides)
        return g.op("Mul", mean, g.constant(float(np.prod(sides))))
    coordinates = attribute(node, "coordinate_transformation_mode", "half_pixel")
    axes = attribute(node, "axes", NO_INTS)
    if coordinates == "tf_crop_and_resize" or (axes and [a % 4 for a in axes] != list(_PLANE)):
        raise GraphError(
            f"Resize (node {node.output[0]!r}) has a gradient rule for height and width only, and no cropping"
        )
    rows, columns = (_matrix(g, node, factors, axis) for axis in _PLANE)
    turned = g.op("Transpose", rows, perm=[0, 1, 3, 2])
    return g.op("MatMul", g.op("MatMul", turned, dy), columns)


def _factors(g: Graph, node: onnx.NodeProto) -> np.ndarray | None:
    """Return the fixed factors of height and width; None where there are sizes instead."""
    given = g.value(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    if given is None or given.size not in (2, 4):
        return None
    if given.size == 4 and (given[:2] != 1).any():
        raise GraphError(f"Resize (node {node.output[0]!r}) changes the number of channels")
    return np.asarray(given[-2:], np.float32)


def _repeats(node: onnx.NodeProto, factors: np.ndarray) -> bool:
    """Whether each value is repeated in a rectangle."""
    modes = (
        attribute(node, "coordinate_transformation_mode", "half_pixel"),
        attribute(node, "nearest_mode", "round_prefer_floor"),
    )
    whole = bool((factors == np.floor(factors)).all() and (factors >= 1).all())
    return whole and attribute(node, "mode", "nearest") == "nearest" and modes in _REPEATING


def _matrix(g: Graph, node: onnx.NodeProto, factors: np.ndarray | None, axis: int) -> str:
    """Return the matrix 1×1×(resized)×(length) of one axis: the identity matrix, its rows resized alike."""
    x, y = node.input[0], node.output[0]
    length = g.op("Shape", x, start=axis, end=axis + 1)
    zeros = g.op("Expand", g.constant(0.0), g.op("Concat", length, length, axis=0))
    identity = g.op("Unsqueeze", g.op("EyeLike", zeros, dtype=onnx.TensorProto.FLOAT), g.ints(0, 1))
    kept = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute if a.name != "axes"}
    if factors is not None:
        scales = g.constant([1, 1, factors[axis - _PLANE[0]], 1])
        return g.op("Resize", identity, "", scales, **kept)
    resized = g.op("Shape", y, start=axis, end=axis + 1)
    sizes = g.op("Concat", g.ints(1, 1), resized, length, axis=0)
    kept.pop("keep_aspect_ratio_policy", None)  # the resized length is the result of it
    return g.op("Resize", identity, "", "", sizes, **kept)
