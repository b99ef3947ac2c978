"""Layers of an imported network: which of its tensors are feature maps, and their VGG names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import onnx

from nst_onnx.errors import ModelError
from nst_onnx.graph import tensor_names
from nst_onnx.graph.passes.known_values import shapes_at
from nst_onnx.models.weights import DEPTHS, WIDTHS, architecture

_ACTIVATIONS = frozenset(
    "Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu Clip HardSwish HardSigmoid Sigmoid Tanh Softplus "
    "Softsign Gelu Mish Mul Concat".split()
)
# The outputs of these have no height and width, or fixed ones, where inference cannot tell.
_FLATTENING = frozenset(
    "Flatten Reshape Gemm MatMul GlobalAveragePool GlobalMaxPool GlobalLpPool Shape Size Softmax LogSoftmax "
    "ArgMax ReduceMean ReduceSum ReduceMax Squeeze".split()
)
_DESCRIBING = ("Shape", "Size")
SIZES = ((256, 384), (320, 512))
"""Two sizes of pictures that a stride of 64 still tells apart."""


@dataclass(frozen=True)
class Found:
    """The layers of a network in network order.

    `lost`: a node behind which convolutions see no picture any more, because it fixes height and width, as
    traced reshapes do; None for none.
    """

    layers: list[str]
    lost: onnx.NodeProto | None = None


def find(model: onnx.ModelProto, picture: str) -> Found:
    """Find the layers of a network: the outputs of its activations, and its outputs.

    Only N×C×h×w tensors that are computed from `picture`, and whose height and width follow the picture's:
    shapes are inferred for pictures of two sizes. Where inference cannot tell, a tensor has them unless its
    node flattens, or all its inputs from the picture are flat.
    """
    graph = model.graph
    verdicts, fixed = _verdicts(model, picture)
    kernels = {tensor.name: tensor.dims for tensor in graph.initializer}
    outputs = {value.name for value in graph.output}
    spatial, derived = {picture}, {picture}
    flattened: dict[str, onnx.NodeProto] = {}
    layers, lost = [], None
    for node in graph.node:
        sources = [name for name in tensor_names.uses(node) if name in derived]
        if not sources or node.op_type in _DESCRIBING:
            continue
        derived.update(node.output)
        culprit = next((flattened[name] for name in sources if name in flattened), None)
        if culprit and node.op_type == "Conv" and max(kernels.get(node.input[1], ())[2:], default=1) > 1:
            lost = lost or culprit
        follows = node.op_type not in _FLATTENING and bool(spatial.intersection(sources))
        follows = follows and not fixed.intersection(sources)
        if not verdicts.get(node.output[0], follows):
            if culprit or spatial.intersection(sources):
                flattened.update(dict.fromkeys(node.output, culprit or node))
            continue
        spatial.update(node.output)
        if node.op_type in _ACTIVATIONS or node.output[0] in outputs:
            layers.append(node.output[0])
    return Found(layers, lost)


def _verdicts(model: onnx.ModelProto, picture: str) -> tuple[dict[str, bool], set[str]]:
    """Return whether tensors are N×C×h×w and follow the picture, as far as their shapes can be inferred.

    And those with a height and width above 1 that are always the same: what combines them with others of the
    picture's size cannot be computed.
    """
    value = next(value for value in model.graph.input if value.name == picture)
    kind = value.type.tensor_type.elem_type
    small, large = (shapes_at(model, picture, size, kind) for size in SIZES)
    verdicts, fixed = {}, set()
    for name in small.keys() & large.keys():
        a, b = small[name], large[name]
        verdicts[name] = len(a) == 4 and a[1] == b[1] and a[2] != b[2] and a[3] != b[3]
        if len(a) == 4 and a == b and min(n or 0 for n in a[2:]) > 1:
            fixed.add(name)
    return verdicts, fixed


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


def rename(graph: onnx.GraphProto, renamed: Mapping[str, str]) -> None:
    """Rename layers, in place; another tensor that has a layer's new name gets another."""
    taken = tensor_names.everywhere(graph)
    displaced = (set(renamed.values()) & taken) - renamed.keys()
    others = {name: tensor_names.unused(f"network/{name}", taken) for name in sorted(displaced)}
    tensor_names.rename(graph, {**others, **renamed})
