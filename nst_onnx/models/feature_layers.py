"""Layers of an imported network: which of its tensors are feature maps, and their VGG names."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from nst_onnx.errors import ModelError
from nst_onnx.models.weights import DEPTHS, WIDTHS, architecture

_ACTIVATIONS = frozenset(
    "Relu LeakyRelu PRelu Elu Clip HardSwish HardSigmoid Sigmoid Tanh Softplus Softsign Mul Concat".split()
)
# The outputs of these have no height and width, or fixed ones.
_FLATTENING = frozenset(
    "Flatten Reshape Gemm MatMul GlobalAveragePool GlobalMaxPool GlobalLpPool Shape Size Softmax LogSoftmax "
    "ArgMax ReduceMean ReduceSum ReduceMax Squeeze".split()
)


def find(graph: onnx.GraphProto, picture: str) -> list[str]:
    """Return the layers of a network in network order: the outputs of its activations, and its outputs.

    Only tensors that are computed from `picture` and still have a height and a width: not those of a node
    that flattens, nor of one all of whose inputs from the picture are flat.
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


def vgg_names(graph: onnx.GraphProto, picture: str) -> dict[str, str]:
    """Return tensor → VGG's layer name where the network is a VGG, {} where it is another.

    A VGG: 3×3 convolutions of its widths, each with its ReLU, in one chain with pooling between the
    blocks, to conv3_3 at least. Exporters number tensors; presets need names such as ``conv4_2``.
    """
    widths = {tensor.name: tensor.dims for tensor in graph.initializer}
    names: dict[str, str] = {}
    value, block, index = picture, 1, 0
    for node in graph.node:
        if value not in node.input:
            continue
        if node.op_type == "Conv":
            index += 1
            kernel = list(widths.get(node.input[1], ()))
            if block > len(WIDTHS) or kernel[:1] != [WIDTHS[block - 1]] or kernel[2:] != [3, 3]:
                return {}
        elif node.op_type == "Relu":
            names[node.output[0]] = f"conv{block}_{index}"
        elif node.op_type in ("MaxPool", "AveragePool"):
            block, index = block + 1, 0
        elif node.op_type != "BatchNormalization":
            break  # the classifier
        value = node.output[0]
    try:
        vgg = architecture(names.values())
    except ModelError:
        return {}
    return names if len(names) >= sum(DEPTHS[vgg][:2]) + 3 else {}


def rename(graph: onnx.GraphProto, renamed: dict[str, str]) -> None:
    """Rename tensors, as outputs and as inputs of nodes."""
    rename_inputs(graph, renamed)
    for node in graph.node:
        for i, name in enumerate(node.output):
            node.output[i] = renamed.get(name, name)


def rename_inputs(graph: onnx.GraphProto, renamed: dict[str, str]) -> None:
    """Rename the inputs of all nodes."""
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
