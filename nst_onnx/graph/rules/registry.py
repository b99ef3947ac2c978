"""Registry of the gradient rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx

from nst_onnx.graph.builder import Graph

Rule = Callable[[Graph, onnx.NodeProto, str, int], str | None]
"""See `nst_onnx.graph.rules`."""

JoinedRule = Callable[[Graph, onnx.NodeProto, Sequence[str]], str]
"""Of an operator with several results: from the gradients of all of them to that of its first input."""

RULES: dict[str, Rule] = {}
"""Operator → rule."""

JOINED_RULES: dict[str, JoinedRule] = {}
"""Operator with several results → rule."""

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


def joined_rule(*op_types: str) -> Callable[[JoinedRule], JoinedRule]:
    """Register a function as the rule of operators with several results."""

    def register(function: JoinedRule) -> JoinedRule:
        JOINED_RULES.update(dict.fromkeys(op_types, function))
        return function

    return register
