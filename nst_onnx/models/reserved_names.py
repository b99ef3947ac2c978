"""Names that the graphs of an objective give to their own tensors: a foreign network's are renamed."""

from __future__ import annotations

import onnx

from nst_onnx.graph import tensor_names

RESERVED = frozenset(
    "picture mask coefficients losses gradient loss_scale gradient_mean size target weight root_weights "
    "derivative shape nst total content style moments wasserstein neighbours tv temporal".split()
)
"""Whole names, and what stands before the first slash of longer ones (``style/conv1_1``)."""

PREFIX = "network/"
"""What such a name gets in front."""


def release(graph: onnx.GraphProto) -> None:
    """Rename the tensors of a graph and of its subgraphs that have reserved names, in place."""
    _release(graph, tensor_names.everywhere(graph))


def _release(graph: onnx.GraphProto, taken: set[str]) -> None:
    reserved = [name for name in tensor_names.defined(graph) if name.partition("/")[0] in RESERVED]
    tensor_names.rename(
        graph, {name: tensor_names.unused(f"{PREFIX}{name}", taken) for name in sorted(reserved)}
    )
    for node in graph.node:
        for inner in tensor_names.subgraphs(node):
            _release(inner, taken)
