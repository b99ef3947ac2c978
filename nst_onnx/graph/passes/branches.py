"""Graph pass: an If whose condition depends only on shapes is replaced by the branch that is taken.

PyTorch exports ``squeeze(1)`` as "if this axis has the length 1, squeeze, else do nothing".
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import helper, numpy_helper

from nst_onnx.graph.builder import Shape
from nst_onnx.graph.passes.known_values import known_values


def has_branches(graph: onnx.GraphProto) -> bool:
    """Return whether a graph has an If."""
    return any(node.op_type == "If" for node in graph.node)


def take(graph: onnx.GraphProto, shapes: Mapping[str, Shape]) -> bool:
    """Replace every If whose condition follows from `shapes`, in place; return whether there was any."""
    known = known_values(graph.node, graph.initializer, shapes)
    nodes: list[onnx.NodeProto] = []
    taken = False
    for node in graph.node:
        if node.op_type != "If" or node.input[0] not in known:
            nodes.append(node)
            continue
        taken = True
        wanted = "then_branch" if numpy_helper.to_array(known[node.input[0]]).all() else "else_branch"
        branch = next(attribute.g for attribute in node.attribute if attribute.name == wanted)
        nodes += _inlined(graph, branch, node)
    del graph.node[:]
    graph.node.extend(nodes)
    return taken


def _inlined(graph: onnx.GraphProto, branch: onnx.GraphProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return the nodes of a branch with names of their own, and its results under the names of the If's."""
    own = {name for inner in branch.node for name in inner.output} | {t.name for t in branch.initializer}
    names = {name: f"{node.output[0]}/{name}" for name in own}
    for tensor in branch.initializer:
        copy = onnx.TensorProto()
        copy.CopyFrom(tensor)
        copy.name = names[tensor.name]
        graph.initializer.append(copy)
    nodes = []
    for inner in branch.node:
        copied = onnx.NodeProto()
        copied.CopyFrom(inner)
        copied.input[:] = [names.get(name, name) for name in inner.input]
        copied.output[:] = [names.get(name, name) for name in inner.output]
        nodes.append(copied)
    results = zip(branch.output, node.output, strict=True)
    return nodes + [helper.make_node("Identity", [names.get(r.name, r.name)], [name]) for r, name in results]
