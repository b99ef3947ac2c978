"""Which layers of a network have a gradient: those before an operator without a rule."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph
from nst_onnx.graph.gradient import gradient


def layers_with_gradient(
    model: onnx.ModelProto, picture: str, layers: Sequence[str]
) -> tuple[list[str], GraphError | None]:
    """Return the first layers that can be differentiated, and why the next one cannot (None: all can).

    Found by bisection, as each layer is behind those before it.
    """
    error = _obstacle(model, picture, layers)
    if error is None:
        return list(layers), None
    good, bad = 0, len(layers)
    while bad - good > 1:
        middle = (good + bad) // 2
        found = _obstacle(model, picture, layers[:middle])
        if found is None:
            good = middle
        else:
            bad, error = middle, found
    return list(layers[:good]), error


def _obstacle(model: onnx.ModelProto, picture: str, layers: Sequence[str]) -> GraphError | None:
    graph = Graph.from_model(model)
    sums = [graph.op("ReduceSum", layer, keepdims=0) for layer in layers]
    try:
        gradient(graph, graph.op("Sum", *sums), picture)
    except GraphError as error:
        return error
    return None
