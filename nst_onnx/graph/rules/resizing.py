"""The rule of nearest-neighbour upsampling by whole factors."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule


@rule("Resize")
def resize(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = x, each value repeated s×s times: the sum of dy over them."""
    if index:
        return None
    factors = g.value(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    repeats = (
        attribute(node, "mode", "nearest") == "nearest"
        and attribute(node, "coordinate_transformation_mode", "half_pixel") == "asymmetric"
        and attribute(node, "nearest_mode", "round_prefer_floor") == "floor"
    )
    whole = factors is not None and factors.shape == (4,) and (factors[:2] == 1).all()
    if factors is None or not (repeats and whole and (factors == np.floor(factors)).all()):
        raise GraphError(
            f"Resize (node {node.output[0]!r}) has a gradient rule for repetition by whole factors only"
        )
    sides = [int(factor) for factor in factors[2:]]
    mean = g.op("AveragePool", dy, kernel_shape=sides, strides=sides)
    return g.op("Mul", mean, g.constant(float(np.prod(sides))))
