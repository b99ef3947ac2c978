"""Graph pass: an If whose condition depends only on shapes is replaced by the branch that is taken.

PyTorch exports ``squeeze(1)`` as "if this axis has the length 1, squeeze, else do nothing".
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import helper, numpy_helper

from nst_onnx.graph import tensor_names
from nst_onnx.graph.builder import Shape
from nst_onnx.graph.passes.known_values import known_values


def has_branches(graph: onnx.GraphProto) -> bool:
    """Return whether a graph has an If."""
    return any(node.op_type == "If" for node in graph.node)


def take(graph: onnx.GraphProto, shapes: Mapping[str, Shape]) -> bool:
    """Replace every If whose condition follows from `shapes`, in place; return whether there was any."""
    known = known_values(graph.node, graph.initializer, shapes)
    nodes: list[onnx.NodeProto] = []
    taken_names: set[str] = set()
    taken = False
    for node in graph.node:
        if node.op_type != "If" or node.input[0] not in known:
            nodes.append(node)
            continue
        taken = True
        taken_names = taken_names or tensor_names.everywhere(graph)
        wanted = "then_branch" if numpy_helper.to_array(known[node.input[0]]).all() else "else_branch"
        branch = next(attribute.g for attribute in node.attribute if attribute.name == wanted)
        nodes += _inlined(graph, branch, node, taken_names)
    del graph.node[:]
    graph.node.extend(nodes)
    return taken


def _inlined(
    graph: onnx.GraphProto, branch: onnx.GraphProto, node: onnx.NodeProto, taken: set[str]
) -> list[onnx.NodeProto]:
    """Return the nodes of a branch with names of their own, and its results under the names of the If's."""
    own = onnx.GraphProto()
    own.CopyFrom(branch)
    names = {
        name: tensor_names.unused(f"{node.output[0]}/{name}", taken)
        for name in sorted(tensor_names.defined(own))
    }
    tensor_names.rename(own, names)
    graph.initializer.extend(own.initializer)
    graph.sparse_initializer.extend(own.sparse_initializer)
    results = zip(own.output, node.output, strict=True)
    return [*own.node, *(helper.make_node("Identity", [result.name], [name]) for result, name in results)]
