"""Reverse-mode differentiation of an ONNX graph: walk it backwards with the table of rules."""

from __future__ import annotations

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, needed_nodes
from nst_onnx.graph.rules import CONSTANT, JOINED_RULES, RULES, Rule
from nst_onnx.graph.tensor_names import uses


def gradient(graph: Graph, of: str, wrt: str) -> str:
    """Append nodes that compute d(`of`)/d(`wrt`), and return the gradient's name.

    `of` is a tensor with one element, `wrt` any tensor it depends on. The gradient has the shape
    of `wrt`. Raises GraphError that names the operator where one between them has no rule, or where
    `of` does not depend on `wrt`.
    """
    graph.infer_shapes()
    path = _path(graph, of, wrt)
    live = {wrt} | {name for node in path for name in node.output if name}
    arrived = {of: [graph.ones(graph.op("Shape", of))]}
    for node in reversed(path):
        if not arrived.keys() & set(node.output):
            continue
        if own := graph.own_rules.get(node.output[0]):
            source, own_rule = own
            if source in live:
                dy = _sum(graph, arrived[node.output[0]])
                arrived.setdefault(source, []).append(own_rule(graph, dy))
            continue
        if node.op_type in JOINED_RULES:
            dys = [_sum(graph, arrived[y]) if y in arrived else _zeros(graph, y) for y in node.output]
            arrived.setdefault(node.input[0], []).append(JOINED_RULES[node.op_type](graph, node, dys))
            continue
        rule = _rule(node)
        if arrived.keys() & set(node.output[1:]):
            raise GraphError(f"{_named(node)} has a gradient rule for its first output only")
        dy = _sum(graph, arrived[node.output[0]])
        for index, name in enumerate(node.input):
            if name in live and (dx := rule(graph, node, dy, index)) is not None:
                arrived.setdefault(name, []).append(dx)
    if wrt not in arrived:
        raise GraphError(f"{of!r} does not depend on {wrt!r}", "there is nothing to differentiate")
    return _sum(graph, arrived[wrt])


def _path(graph: Graph, of: str, wrt: str) -> list[onnx.NodeProto]:
    """Return the nodes that `of` needs and that a change of `wrt` reaches, in order."""
    reached = {wrt}
    path = []
    for node in needed_nodes(graph.nodes, [of]):
        constant = node.op_type in CONSTANT or graph.detached.intersection(node.output)
        if not constant and reached.intersection(uses(node)):
            reached.update(filter(None, node.output))  # "" stands for an omitted output or input
            path.append(node)
    return path


def _rule(node: onnx.NodeProto) -> Rule:
    try:
        return RULES[node.op_type]
    except KeyError:
        if node.op_type.startswith("QLinear") or node.op_type.endswith("Integer"):
            raise GraphError(
                f"operator {_named(node)} computes with whole numbers, which have no gradient",
                "export the network before it is quantised, or with QuantizeLinear and DequantizeLinear",
            ) from None
        raise GraphError(
            f"operator {_named(node)} has no gradient rule",
            "choose layers before it, or export the network with other operators",
        ) from None


def _zeros(graph: Graph, tensor: str) -> str:
    """Return zeros of a tensor's shape: the gradient of a result that nothing depends on."""
    return graph.op("Expand", graph.constant(0.0), graph.op("Shape", tensor))


def _named(node: onnx.NodeProto) -> str:
    return f"{node.op_type} (node {node.name or node.output[0]!r})"


def _sum(graph: Graph, terms: list[str]) -> str:
    """Return the sum of the gradients that arrived at one tensor; `terms` becomes that sum.

    The last term comes from the deepest layers, through the most nodes. It is the first input of Sum, because
    OpenVINO computes inputs in order: the others then need not be held meanwhile. Gradients that were
    expanded to the tensor's shape are added unexpanded: Sum broadcasts them. More than two are added one by
    one, in place, so that not all are held at once.
    """
    if len(terms) > 1:
        expanded = {node.output[0]: node.input[0] for node in graph.nodes if node.op_type == "Expand"}
        if not all(term in expanded for term in terms):
            terms[:] = [expanded.get(term, term) for term in terms]
        *others, last = terms
        summed = graph.op("Sum", last, others.pop())
        while others:
            summed = graph.op("Add", summed, others.pop())
        terms[:] = [summed]
    return terms[0]
