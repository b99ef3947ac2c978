"""Computing a cheap tensor a second time for the gradient, so that it need not be kept meanwhile.

Chen, Xu, Zhang & Guestrin 2016, "Training deep nets with sublinear memory cost". The first layer of a
network is worth it: of all tensors the largest, by the fewest products, and needed again last of all.
"""

from __future__ import annotations

import onnx

from nst_onnx.graph.builder import Graph, needed_nodes

_VIEWS = frozenset(("Identity", "Flatten", "Reshape", "Transpose"))


def compute_again(g: Graph, tensor: str, source: str, since: int) -> bool:
    """Let the gradient of a graph use a copy of a ReLU's result, computed from `source` when it is needed.

    Nodes from place `since` on are the gradient's. What arrives at the ReLU from the depth gives a number
    that is clipped to zero and added to the source: so no runtime takes the copy for the original, or makes
    it earlier. Returns whether the graph has been changed: it is not where no gradient arrives at the ReLU,
    or the one that arrives needs the tensor itself.
    """
    forward, backward = g.nodes[:since], g.nodes[since:]
    views = _views(forward, tensor)
    same = {tensor, *(node.output[0] for node in views)}
    late = _arriving(backward, tensor)
    before = needed_nodes(backward, [late]) if late else []
    if not late or any(_reads(node, same) for node in before):
        return False
    chain = [node for node in needed_nodes(forward, [tensor]) if node.op_type != "Constant"]
    place = len(g.nodes)
    number = g.op("Slice", late, g.ints(0, 0, 0, 0), g.ints(1, 1, 1, 1))
    names = {source: g.op("Add", source, g.op("Clip", number, g.constant(0.0), g.constant(0.0)))}
    for node in chain + views:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        names |= {name: g.fresh("again") for name in node.output if name}  # "" stands for one left out
        copy.name = ""
        copy.output[:] = [names.get(name, name) for name in node.output]
        copy.input[:] = [names.get(name, name) for name in node.input]
        g.nodes.append(copy)
    done = {node.output[0] for node in before}
    rest = [node for node in backward if node.output[0] not in done]
    for node in rest:
        if _reads(node, same):
            node.input[:] = [names[name] if name in same else name for name in node.input]
    g.nodes = forward + before + g.nodes[place:] + rest
    return True


def _views(nodes: list[onnx.NodeProto], tensor: str) -> list[onnx.NodeProto]:
    """Return the nodes that only give a tensor another shape or order."""
    same, found = {tensor}, []
    for node in nodes:
        if node.op_type in _VIEWS and node.input[0] in same:
            same.add(node.output[0])
            found.append(node)
    return found


def _reads(node: onnx.NodeProto, names: set[str]) -> bool:
    """Whether a node needs more than the shape of one of these tensors."""
    return node.op_type != "Shape" and not names.isdisjoint(node.input)


def _arriving(backward: list[onnx.NodeProto], relu: str) -> str:
    """Return the gradient that arrives at a ReLU from the depth, "" where none can be told."""
    makers = {node.output[0]: node for node in backward}
    for node in backward:
        if node.op_type == "Where" and node.input[0] in makers:
            mask = makers[node.input[0]]
            if mask.op_type == "Greater" and mask.input[0] == relu:
                arrived = makers.get(node.input[1])
                return str(
                    arrived.input[0] if arrived is not None and arrived.op_type == "Sum" else node.input[1]
                )
    return ""
