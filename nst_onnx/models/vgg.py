"""VGG as an ONNX feature extractor: builds the graph from weights, with one output per ReLU."""

from __future__ import annotations

from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.errors import OptionError
from nst_onnx.models import metadata
from nst_onnx.models.metadata import Facts
from nst_onnx.models.weights import Weights, block, check
from nst_onnx.version import __version__

OPSET = 17
IR_VERSION = 8  # the oldest for opset 17
INPUT = "image"
_POOL = {"max": "MaxPool", "average": "AveragePool"}


def build(
    weights: Weights, *, pooling: Literal["max", "average"] = "max", half: bool = False
) -> onnx.ModelProto:
    """Return the network as an ONNX model with its metadata.

    Input ``image``: float32 N×3×H×W, dynamic. Outputs ``conv1_1`` …: each ReLU's, N×C×h×w.
    Convolutions pad with zeros to keep the size; 2×2 pooling with stride 2 stands between blocks.
    `half` stores the weights as float16 (half the file size; computation is in float32).
    The first blocks of a VGG (1-3, say) and other widths are allowed.
    Raises ModelError for weights of another network, OptionError for unknown pooling.
    """
    if pooling not in _POOL:
        raise OptionError(f"pooling must be max or average, not {pooling!r}")
    check(weights.layers, where=weights.name)
    nodes, initializers, outputs = [], [], []
    value, current = INPUT, 1
    for name, (kernel, bias) in weights.layers.items():
        if block(name) != current:
            pooled = f"pool{current}"
            nodes.append(
                helper.make_node(
                    _POOL[pooling], [value], [pooled], pooled, kernel_shape=[2, 2], strides=[2, 2]
                )
            )
            value, current = pooled, block(name)
        inputs = [f"{name}/kernel", f"{name}/bias"]
        for tensor_name, array in zip(inputs, (kernel, bias), strict=True):
            if half:
                stored = f"{tensor_name}/half"
                initializers.append(numpy_helper.from_array(array.astype(np.float16), stored))
                nodes.append(
                    helper.make_node("Cast", [stored], [tensor_name], tensor_name, to=TensorProto.FLOAT)
                )
            else:
                initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), tensor_name))
        height, width = kernel.shape[2:]
        convolved = f"{name}/convolution"
        nodes.append(
            helper.make_node(
                "Conv",
                [value, *inputs],
                [convolved],
                convolved,
                kernel_shape=[height, width],
                pads=[height // 2, width // 2] * 2,
            )
        )
        nodes.append(helper.make_node("Relu", [convolved], [name], name))
        size = ["H", "W"] if current == 1 else [f"H{current}", f"W{current}"]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", kernel.shape[0], *size]))
        value = name
    picture = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, "H", "W"])
    model = helper.make_model(
        helper.make_graph(nodes, weights.name, [picture], outputs, initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nst-onnx",
        producer_version=__version__,
    )
    style, content = default_layers(list(weights.layers))
    metadata.stamp(
        model,
        Facts(
            weights.name,
            weights.preprocessing,
            content_layers=content,
            style_layers=style,
            source=weights.source,
            licence=weights.licence,
            sha256=weights.sha256,
        ),
    )
    return model


def default_layers(names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the default (style layers, content layers) of a VGG-shaped network with these layers.

    Style: the first of each block, as Gatys, Ecker & Bethge 2015 do; a network with fewer than five
    blocks adds its deepest layer. Content: conv4_2, or the layer before the deepest.
    """
    style = [name for name in names if name.endswith("_1")]
    if block(names[-1]) < 5 and names[-1] not in style:
        style.append(names[-1])
    content = "conv4_2" if "conv4_2" in names else names[max(len(names) - 2, 0)]
    return tuple(style), (content,)
