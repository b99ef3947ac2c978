"""Constant folding of an imported ONNX graph: its constants become float32 initializers."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper

from nst_onnx.graph.tensor_names import rename_uses

# What exporters apply to constants: casts, transposes and reshapes of weights, sizes, paddings.
_FOLDABLE = frozenset(
    "Add And Cast Concat ConstantOfShape DequantizeLinear Div Equal Gather Greater Identity Less Mul Neg Not "
    "Or Reciprocal Reshape Shape Slice Sqrt Squeeze Sub Transpose Unsqueeze".split()
)
_PASSING = ("Identity", "Dropout")  # the identity at inference


def fold(graph: onnx.GraphProto) -> None:
    """Fold constants: replace Constant nodes, and nodes of constant inputs, by initializers, in place.

    Identity and Dropout nodes are removed too, and their input used instead.
    """
    known = {tensor.name for tensor in graph.initializer}
    arrays = {tensor.name: tensor for tensor in graph.initializer}
    outputs = {value.name for value in graph.output}
    alias: dict[str, str] = {}
    kept = []
    for node in graph.node:
        rename_uses([node], alias)
        if node.op_type in _PASSING and node.input[0] not in known and node.output[0] not in outputs:
            alias[node.output[0]] = node.input[0]
            continue
        values = _evaluated(node, arrays) if node.op_type == "Constant" or _is_constant(node, known) else None
        if values is None:
            kept.append(node)
            continue
        for name, value in zip(node.output, values, strict=False):
            tensor = numpy_helper.from_array(value, name)
            graph.initializer.append(tensor)
            arrays[name] = tensor
            known.add(name)
    if len(kept) != len(graph.node):
        del graph.node[:]
        graph.node.extend(kept)


def cast_to_float32(graph: onnx.GraphProto) -> None:
    """Cast every float16 weight, constant and Cast of a graph to float32, in place."""
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(
                numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name)
            )
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
            elif attribute.type == AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT16:
                attribute.t.CopyFrom(
                    numpy_helper.from_array(numpy_helper.to_array(attribute.t).astype(np.float32))
                )


def broadcast_as_numpy(graph: onnx.GraphProto) -> None:
    """Reshape constants that opset 6 broadcasts along the channels, from C to C×1×1, in place.

    From opset 7 on operators broadcast as NumPy does, along the last axes. onnx's converter leaves PRelu's
    slopes as they are, and reshapes the operands of arithmetic for axis 0 whatever their `axis`.
    """
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        attributes = {a.name: a for a in node.attribute}
        axis = attributes["axis"].i if attributes.keys() >= {"axis", "broadcast"} else None
        axis = 1 if node.op_type == "PRelu" else axis
        if axis is None or node.input[1] not in stored:
            continue
        dims = stored[node.input[1]].dims
        dims.extend([1] * (4 - axis - len(dims)))  # the other operand is N×C×H×W
        if "axis" in attributes:
            node.attribute.remove(attributes["axis"])


def _is_constant(node: onnx.NodeProto, known: set[str]) -> bool:
    return (
        node.op_type in _FOLDABLE
        and node.domain in ("", "ai.onnx")
        and any(node.input)
        and all(name in known for name in node.input if name)
    )


def _evaluated(node: onnx.NodeProto, arrays: dict[str, TensorProto]) -> list[np.ndarray] | None:
    from onnx.reference import ReferenceEvaluator

    feeds = {name: numpy_helper.to_array(arrays[name]) for name in node.input if name}
    try:
        return [np.asarray(value) for value in ReferenceEvaluator(node).run(None, feeds)]
    except Exception:  # an unsupported type or attribute: the node stays in the graph
        return None
