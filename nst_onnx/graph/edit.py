"""Changes to a network before it is differentiated: cut it at layers, exchange its pooling or border."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import onnx
from onnx import helper

from nst_onnx.graph.builder import Graph, attribute, needed_nodes

Pooling = Literal["max", "average"]
Border = Literal["zero", "edge"]


def cut(model: onnx.ModelProto, layers: Iterable[str]) -> onnx.ModelProto:
    """Return the part of `model` that computes the tensors `layers`; deeper weights are left out."""
    nodes = needed_nodes(model.graph.node, layers)
    used = {name for node in nodes for name in node.input}
    part = onnx.ModelProto()
    part.ir_version = model.ir_version
    part.opset_import.extend(model.opset_import)
    part.graph.name = model.graph.name
    part.graph.node.extend(nodes)
    part.graph.input.extend(i for i in model.graph.input if i.name in used)
    part.graph.initializer.extend(t for t in model.graph.initializer if t.name in used)
    part.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in layers
    )
    return part


def with_pooling(
    nodes: Iterable[onnx.NodeProto], kind: Pooling | None, *, same: bool = False
) -> list[onnx.NodeProto]:
    """Return the nodes with every spatial pooling of one kind; None keeps each as it is.

    Gatys et al. (2015, section "Methods") replaced VGG's max pooling by average pooling. `same` rounds
    sizes up as TensorFlow's padding "SAME" does: a window over the border averages what is there.
    """
    return [_pooled(node, kind, same) for node in nodes]


def _pooled(node: onnx.NodeProto, kind: Pooling | None, same: bool) -> onnx.NodeProto:
    if node.op_type not in ("MaxPool", "AveragePool") or len(node.output) > 1:
        return node
    op_type = {"max": "MaxPool", "average": "AveragePool", None: node.op_type}[kind]
    kept = {a.name: a for a in node.attribute}
    dropped = set()
    if op_type != node.op_type:  # what only the other kind knows
        dropped |= {"count_include_pad", "storage_order"}
        if set(attribute(node, "dilations", [1])) == {1}:  # before opset 19 an average may not even say so
            dropped.add("dilations")
    if same:
        dropped |= {"pads", "ceil_mode", "count_include_pad"}
        kept["auto_pad"] = helper.make_attribute("auto_pad", "SAME_UPPER")
    pooled = helper.make_node(op_type, list(node.input), list(node.output), name=node.name)
    pooled.attribute.extend(a for name, a in kept.items() if name not in dropped)
    return pooled


def with_edge_border(g: Graph, nodes: Iterable[onnx.NodeProto], picture: str) -> list[onnx.NodeProto]:
    """Return the nodes with convolutions of `picture` itself padded by its outermost pixels instead of zeros.

    Zeros beyond the border are an edge that the network sees and an optimiser paints: a frame. Layers
    deeper down keep their zeros, where it no longer shows.
    """
    changed: list[onnx.NodeProto] = []
    for node in nodes:
        pads = attribute(node, "pads", [])
        if node.op_type == "Conv" and node.input[0] == picture and any(pads):
            padded, half = g.fresh("edge"), len(pads) // 2
            widths = g.ints(0, 0, *pads[:half], 0, 0, *pads[half:])
            changed.append(helper.make_node("Pad", [picture, widths], [padded], mode="edge"))
            bare = onnx.NodeProto()
            bare.CopyFrom(node)
            bare.input[0] = padded
            next(a for a in bare.attribute if a.name == "pads").ints[:] = [0] * len(pads)
            node = bare
        changed.append(node)
    return changed
