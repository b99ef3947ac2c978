"""Edits of a network before differentiation: cut it at layers, replace its pooling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import onnx
from onnx import helper

from nst_onnx.graph.builder import attribute, needed_nodes

Pooling = Literal["max", "average"]


def cut(model: onnx.ModelProto, layers: Iterable[str]) -> onnx.ModelProto:
    """Return the subgraph of `model` that computes the tensors `layers`, without deeper nodes and weights."""
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


def replace_pooling(
    nodes: Iterable[onnx.NodeProto], kind: Pooling | None, *, same: bool = False
) -> list[onnx.NodeProto]:
    """Return the nodes with every spatial pooling replaced by `kind`; None keeps each kind.

    Gatys et al. (2015, section "Methods") replaced VGG's max pooling by average pooling. `same` rounds
    sizes up as TensorFlow's padding "SAME" does: a window over the border averages the pixels inside.
    """
    return [_pooled(node, kind, same) for node in nodes]


def _pooled(node: onnx.NodeProto, kind: Pooling | None, same: bool) -> onnx.NodeProto:
    if node.op_type not in ("MaxPool", "AveragePool") or len(node.output) > 1:
        return node
    op_type = {"max": "MaxPool", "average": "AveragePool", None: node.op_type}[kind]
    kept = {a.name: a for a in node.attribute}
    dropped = set()
    if op_type != node.op_type:  # attributes of the other kind only
        dropped |= {"count_include_pad", "storage_order"}
        if set(attribute(node, "dilations", [1])) == {1}:  # AveragePool has this attribute from opset 19 on
            dropped.add("dilations")
    if same:
        dropped |= {"pads", "ceil_mode", "count_include_pad"}
        kept["auto_pad"] = helper.make_attribute("auto_pad", "SAME_UPPER")
    pooled = helper.make_node(op_type, list(node.input), list(node.output), name=node.name)
    pooled.attribute.extend(a for name, a in kept.items() if name not in dropped)
    return pooled


def strides(nodes: Iterable[onnx.NodeProto], picture: str) -> dict[str, int]:
    """Return the cumulative stride in pixels of `picture` of each tensor computed from it."""
    found = {picture: 1}
    for node in nodes:
        before = [found[name] for name in node.input if name in found]
        if before:
            step = max(attribute(node, "strides", [1])) if node.op_type != "ConvTranspose" else 1
            found.update(dict.fromkeys(node.output, max(before) * step))
    return found
