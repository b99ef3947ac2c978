"""Recomputation (gradient checkpointing): compute a cheap tensor a second time for the gradient.

Its memory is then free between its uses in the forward and in the backward pass (Chen, Xu, Zhang & Guestrin
2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174). It pays for the first layer of a
network: the largest tensor, the cheapest to compute, and the last that the gradient needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from nst_onnx.graph.builder import Graph, needed_nodes

_VIEWS = frozenset(("Identity", "Flatten", "Reshape", "Transpose"))


def recompute(g: Graph, tensor: str, source: str, since: int) -> bool:
    """Recompute a ReLU's output `tensor` from `source` in the gradient of a graph, in place.

    Nodes from index `since` on are the gradient's. A zero computed from the incoming gradient is added to the
    source. This data dependency keeps the runtime from merging the copy with the original (common
    subexpression elimination) and from scheduling it early. Returns whether the graph has been changed: it is
    not where no gradient arrives at the ReLU, or where the incoming gradient depends on the tensor itself.
    """
    forward, backward = g.nodes[:since], g.nodes[since:]
    views = _views(forward, tensor)
    same = {tensor, *(node.output[0] for node in views)}
    incoming = _incoming_gradient(backward, tensor)
    before = needed_nodes(backward, [incoming]) if incoming else []
    if not incoming or any(_reads(node, same) for node in before):
        return False
    chain = [node for node in needed_nodes(forward, [tensor]) if node.op_type != "Constant"]
    end = len(g.nodes)
    element = g.op("Slice", incoming, g.ints(0, 0, 0, 0), g.ints(1, 1, 1, 1))
    names = {source: g.op("Add", source, g.op("Clip", element, g.constant(0.0), g.constant(0.0)))}
    for node in chain + views:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        names |= {
            name: g.fresh("recomputed") for name in node.output if name
        }  # "" stands for an omitted output
        copy.name = ""
        copy.output[:] = [names.get(name, name) for name in node.output]
        copy.input[:] = [names.get(name, name) for name in node.input]
        g.nodes.append(copy)
    done = {node.output[0] for node in before}
    rest = [node for node in backward if node.output[0] not in done]
    for node in rest:
        if _reads(node, same):
            node.input[:] = [names[name] if name in same else name for name in node.input]
    g.nodes = forward + before + g.nodes[end:] + rest
    return True


def _views(nodes: list[onnx.NodeProto], tensor: str) -> list[onnx.NodeProto]:
    """Return the nodes that only reshape or transpose a tensor."""
    same, found = {tensor}, []
    for node in nodes:
        if node.op_type in _VIEWS and node.input[0] in same:
            same.add(node.output[0])
            found.append(node)
    return found


def _reads(node: onnx.NodeProto, names: set[str]) -> bool:
    """Whether a node reads the values, not only the shape, of one of these tensors."""
    return node.op_type != "Shape" and not names.isdisjoint(node.input)


def _incoming_gradient(backward: list[onnx.NodeProto], relu: str) -> str:
    """Return the gradient with respect to a ReLU's output, "" where none is found."""
    producers = {node.output[0]: node for node in backward}
    for node in backward:
        if node.op_type == "Where" and node.input[0] in producers:
            mask = producers[node.input[0]]
            if mask.op_type == "Greater" and mask.input[0] == relu:
                return _first_summand(producers, node.input[1])
    return ""


def _first_summand(producers: Mapping[str, onnx.NodeProto], tensor: str) -> str:
    """Return the first of the gradients that were added: the one that comes from the deepest layers."""
    while tensor in producers and producers[tensor].op_type in ("Sum", "Add"):
        tensor = producers[tensor].input[0]
    return tensor
