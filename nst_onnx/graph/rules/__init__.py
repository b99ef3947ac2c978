"""The table of vector-Jacobian rules: one small function per operator.

A rule is ``rule(graph, node, dy, index) -> name | None``: given the gradient `dy` of the node's first
output, append nodes that compute the gradient with respect to the node's input number `index`,
and return its name (None: no gradient flows there, or it is already part of another input's). The
decorator ``rule(*op_types)`` registers one.
"""

from nst_onnx.graph.rules import (
    convolution,
    elementwise,
    matrix,
    normalisation,
    pad,
    pooling,
    reduction,
    resizing,
    shaping,
)
from nst_onnx.graph.rules.registry import CONSTANT, RULES, Rule, rule

__all__ = [
    "CONSTANT",
    "RULES",
    "Rule",
    "convolution",
    "elementwise",
    "matrix",
    "normalisation",
    "pad",
    "pooling",
    "reduction",
    "resizing",
    "rule",
    "shaping",
]
