"""Graph pass: sizes of the traced picture in constants become computed, so that other sizes work.

Exporters that trace a network with a picture of one size write that size into Reshape and Resize: a channel
shuffle reshapes to 1×2×8×224×224.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nst_onnx.graph.builder import Shape

_SHAPE_INDEX, _SCALES_INDEX, _SIZES_INDEX = 1, 2, 3  # inputs of Reshape and of Resize


def make_dynamic(graph: onnx.GraphProto, shapes: dict[str, Shape]) -> None:
    """Replace traced sizes in the targets of Reshape and Resize, in place.

    `shapes`: of all tensors, for the traced picture. A Reshape that keeps the last two axes (or, channels
    last, the two before them) takes them from its input; a Resize by `sizes` gets their factors.
    """
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        before = shapes.get(node.input[0]) if node.input else None
        if (
            node.op_type == "Reshape"
            and before is not None
            and set(node.input[_SHAPE_INDEX:]) & constants.keys()
        ):
            written = numpy_helper.to_array(constants[node.input[_SHAPE_INDEX]]).tolist()
            # Shape inference resolves 0 and -1.
            target = [
                n if m is None else m
                for n, m in zip(written, shapes.get(node.output[0]) or written, strict=True)
            ]
            nodes += _dynamic_target(graph, node, before, target)
        elif node.op_type == "Resize" and before is not None and _has_sizes(node, constants):
            sizes = numpy_helper.to_array(constants[node.input[_SIZES_INDEX]])
            _by_factors(graph, node, before, sizes)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _dynamic_target(
    graph: onnx.GraphProto, node: onnx.NodeProto, before: Shape, target: list[int]
) -> list[onnx.NodeProto]:
    """Return nodes that compute the target of a Reshape, and make them its input; [] where none is needed."""
    if len(before) < 3 or len(target) < 3:
        return []
    for last in (0, 1):  # axes behind height and width
        tail = before[len(before) - last - 2 :]
        if (
            None not in tail
            and min(n or 0 for n in tail[:2]) > 1
            and target[len(target) - last - 2 :] == list(tail)
        ):
            break
    else:
        return []
    name = f"{node.output[0]}/size"
    first = len(before) - last - 2
    leading = target[: len(target) - last - 2]
    if leading and leading[0] == before[0] and -1 not in leading:
        leading[0] = 0  # the batch of the input
    graph.initializer.extend(
        (
            numpy_helper.from_array(np.arange(first, first + 2), f"{name}/axes"),
            numpy_helper.from_array(np.asarray(leading, np.int64), f"{name}/leading"),
            numpy_helper.from_array(
                np.asarray(target[len(target) - last :] if last else [], np.int64), f"{name}/last"
            ),
        )
    )
    source = node.input[0]
    node.input[_SHAPE_INDEX] = name
    for literal in [attribute for attribute in node.attribute if attribute.name == "allowzero"]:
        node.attribute.remove(literal)  # the 0 above stands for the input's length
    return [
        helper.make_node("Shape", [source], [f"{name}/shape"]),
        helper.make_node("Gather", [f"{name}/shape", f"{name}/axes"], [f"{name}/plane"]),
        helper.make_node("Concat", [f"{name}/leading", f"{name}/plane", f"{name}/last"], [name], axis=0),
    ]


def _has_sizes(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> bool:
    return len(node.input) > _SIZES_INDEX and node.input[_SIZES_INDEX] in constants


def _by_factors(graph: onnx.GraphProto, node: onnx.NodeProto, before: Shape, sizes: np.ndarray) -> None:
    """Give a Resize the factors of its sizes, if it has no other attributes that depend on them."""
    if None in before or len(before) != sizes.size:
        return
    name = f"{node.output[0]}/scales"
    scales = np.asarray(sizes / np.asarray(before, np.float64), np.float32)
    graph.initializer.append(numpy_helper.from_array(scales, name))
    node.input[_SCALES_INDEX] = name
    del node.input[_SIZES_INDEX:]
