"""Which tensors of a foreign network are its layers."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

_ACTIVATIONS = frozenset(
    "Relu LeakyRelu PRelu Elu Selu Celu Clip HardSwish Gelu Mish Softplus Concat".split()
)
# Behind these a tensor has lost its height and width, or they are fixed.
_FLATTENING = frozenset(
    "Flatten Reshape Gemm MatMul GlobalAveragePool GlobalMaxPool GlobalLpPool Shape Size Softmax LogSoftmax "
    "ArgMax ReduceMean ReduceSum ReduceMax Squeeze".split()
)


def find(graph: onnx.GraphProto, picture: str) -> list[str]:
    """Return the layers of a network in its own order: what its activations and outputs hold.

    Only tensors that are computed from `picture` and still have a height and a width count: a node is
    past that when it flattens, or when all it gets of the picture is past it already.
    """
    outputs = {value.name for value in graph.output}
    spatial = {picture}
    derived = {picture}
    layers = []
    for node in graph.node:
        sources = [name for name in node.input if name in derived]
        if not sources:
            continue
        derived.update(node.output)
        if node.op_type in _FLATTENING or not spatial.intersection(sources):
            continue
        spatial.update(node.output)
        if node.op_type in _ACTIVATIONS or node.output[0] in outputs:
            layers.append(node.output[0])
    return layers


def in_order(graph: onnx.GraphProto, names: Iterable[str]) -> list[str]:
    """Return `names` in the order in which the graph computes them."""
    wanted = set(names)
    return [name for node in graph.node for name in node.output if name in wanted]


def rename_inputs(graph: onnx.GraphProto, renamed: dict[str, str]) -> None:
    """Let every node that took a key of `renamed` take its value."""
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
