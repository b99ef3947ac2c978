"""Names that the graphs of an objective give to their own tensors: a foreign network's are renamed."""

from __future__ import annotations

import onnx

from nst_onnx.models import feature_layers

RESERVED = frozenset(
    "picture mask coefficients losses gradient loss_scale gradient_mean size target weight root_weights "
    "derivative shape nst total content style moments wasserstein neighbours tv temporal".split()
)
"""Whole names, and what stands before the first slash of longer ones (``style/conv1_1``)."""


def release(graph: onnx.GraphProto) -> None:
    """Rename the tensors of a graph that have reserved names, inputs and outputs included, in place."""
    names = {name for node in graph.node for name in (*node.input, *node.output)}
    renamed = {name: f"network/{name}" for name in names if name.partition("/")[0] in RESERVED}
    feature_layers.rename(graph, renamed)
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = renamed.get(value.name, value.name)
