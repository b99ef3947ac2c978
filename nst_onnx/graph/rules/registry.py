"""Registry of the gradient rules."""

from __future__ import annotations

from collections.abc import Callable

import onnx

from nst_onnx.graph.builder import Graph

Rule = Callable[[Graph, onnx.NodeProto, str, int], str | None]
"""See `nst_onnx.graph.rules`."""

RULES: dict[str, Rule] = {}
"""Operator → rule."""

CONSTANT = frozenset(
    "Shape Size Greater GreaterOrEqual Less LessOrEqual Equal Not And Or Xor Sign Floor Ceil Round "
    "ArgMax ArgMin ConstantOfShape EyeLike Range NonZero IsNaN IsInf".split()
)
"""Operators whose result does not change with a small change of their input."""


def rule(*op_types: str) -> Callable[[Rule], Rule]:
    """Register a function as the rule of one or more operators."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(op_types, function))
        return function

    return register
