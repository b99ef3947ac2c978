"""Values that follow from a graph's constants and the shapes of its tensors: sizes, conditions, paddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from nst_onnx.graph.builder import Graph, Shape
from nst_onnx.graph.passes import constant_folding

_SMALL = 1024  # elements of a constant that a size or a condition may depend on


def known_values(
    nodes: Iterable[onnx.NodeProto], constants: Iterable[onnx.TensorProto], shapes: Mapping[str, Shape]
) -> dict[str, onnx.TensorProto]:
    """Return the small constants, and what nodes compute from them and from `shapes`."""
    small = onnx.GraphProto()
    small.initializer.extend(t for t in constants if np.prod(t.dims, dtype=np.int64) <= _SMALL)
    for node in nodes:
        shape = shapes.get(node.input[0]) if node.op_type == "Shape" else None
        if shape is not None and None not in shape and not node.attribute:
            small.initializer.append(numpy_helper.from_array(np.asarray(shape, np.int64), node.output[0]))
        else:
            small.node.append(node)
    constant_folding.fold(small)
    return {t.name: t for t in small.initializer}


def shapes_at(model: onnx.ModelProto, picture: str, size: tuple[int, ...], kind: int) -> dict[str, Shape]:
    """Return the shapes of a model's tensors for a picture of (H, W) `size`, as far as they can be inferred.

    `kind`: the picture's element type. Inference leaves out sizes that a network computes from its shapes:
    what follows from those that are known is computed, and the rest inferred again, until nothing is new.
    """
    graph = Graph.from_model(model)
    graph.input(picture, [1, 3, *size], kind)
    graph.infer_shapes()
    found = _shapes(graph)
    while any(node.op_type == "Shape" for node in graph.nodes):
        known = known_values(graph.nodes, graph.initializers.values(), found)
        computed = {name for node in graph.nodes for name in node.output if name in known}
        if not computed:
            break
        graph.initializers.update((name, known[name]) for name in computed)
        graph.nodes = [node for node in graph.nodes if not computed.issuperset(node.output)]
        graph.infer_shapes()
        found = _shapes(graph) | found
    return found


def _shapes(graph: Graph) -> dict[str, Shape]:
    shapes = {name: graph.shape(name) for node in graph.nodes for name in node.output}
    return {name: shape for name, shape in shapes.items() if shape is not None and None not in shape}
