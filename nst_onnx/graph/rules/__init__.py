"""The table of vector-Jacobian rules: one small function per operator.

A rule is ``rule(graph, node, dy, index) -> name | None``: given the gradient `dy` of the node's first
output, append nodes that compute the gradient with respect to the node's input number `index`,
and return its name (None: no gradient flows there, or it is already part of another input's). The
decorator ``rule(*op_types)`` registers one. ``joined_rule(*op_types)`` registers the rule of an operator with
several results, such as Split.
"""

from nst_onnx.graph.rules import (
    activations,
    channels,
    convolution,
    elementwise,
    extremes,
    matrix,
    normalisation,
    pad,
    pooling,
    quantisation,
    reduction,
    resizing,
    selection,
    shaping,
)
from nst_onnx.graph.rules.registry import CONSTANT, JOINED_RULES, RULES, Rule, joined_rule, rule

__all__ = [
    "CONSTANT",
    "JOINED_RULES",
    "RULES",
    "Rule",
    "activations",
    "channels",
    "convolution",
    "elementwise",
    "extremes",
    "joined_rule",
    "matrix",
    "normalisation",
    "pad",
    "pooling",
    "quantisation",
    "reduction",
    "resizing",
    "rule",
    "selection",
    "shaping",
]
