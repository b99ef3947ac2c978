"""The painter as ONNX: one graph from a photo and a painting's statistics to a picture.

Inputs: ``image`` 1×3×H×W (RGB, 0..1, sides divisible by 8), ``noise`` 1×1×H×W (uniform in -0.5..0.5),
``statistics`` D, ``strength`` 1. Outputs:
``style`` S, which is between the predictor and the rest, and ``picture`` 1×3×H×W, not clipped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.models import catalogue
from nst_onnx.support.arrays import Array

from .. import graph_form
from .architecture import CLIP, EPSILON, KERNEL_RATE, MULTIPLE, NOISE, STRENGTH, Architecture

if TYPE_CHECKING:
    from .network import Painter

OPSET, IR_VERSION = 17, 8
LICENCE = "MIT, the nst-onnx authors; trained with features of VGG (CC BY 4.0, K. Simonyan and A. Zisserman)"


class _Nodes:
    """Nodes and weights under construction; every node is named by its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def op(self, op_type: str, output: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], output, **attributes))
        return output

    def weight(self, name: str, value: object, dtype: type = np.float32) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value, dtype), name)
        return name


def of_painter(painter: Painter, layers: Sequence[str]) -> onnx.ModelProto:
    """Return a trained painter as ONNX. `layers`: those whose statistics the predictor reads."""
    arrays = painter.arrays()
    metadata = {"network": catalogue.SHIPPED, "layers": ",".join(layers), "licence": LICENCE}
    return build(arrays, painter.architecture, metadata)


def build(
    arrays: Mapping[str, Array], architecture: Architecture, metadata: Mapping[str, str]
) -> onnx.ModelProto:
    """Return the painter as ONNX with float16 weights. `arrays`: of `Painter.state_dict`."""
    g = _Nodes()
    _predictor(g, arrays, architecture)
    _painter(g, arrays, architecture)
    kernels = sum(math.prod(one.shape) for one in architecture.fitted())
    size, statistics = architecture.predicted_size + kernels, len(arrays["centre"])
    graph = helper.make_graph(
        g.nodes,
        "painter",
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "H", "W"]),
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, [1, NOISE, "H", "W"]),
            helper.make_tensor_value_info("statistics", TensorProto.FLOAT, [statistics]),
            helper.make_tensor_value_info("strength", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [size]),
            helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "H_out", "W_out"]),
        ],
        list(g.weights.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    for key, value in {**metadata, "multiple": str(MULTIPLE)}.items():
        model.metadata_props.add(key=f"painter.{key}", value=value)
    return graph_form.halve(model)


def _predictor(g: _Nodes, arrays: Mapping[str, Array], architecture: Architecture) -> None:
    """Append the nodes from ``statistics`` and ``strength`` to ``style``."""
    centred = g.op("Sub", "predict/centred", "statistics", g.weight("predict/centre", arrays["centre"]))
    value = g.op("Mul", "predict/standardised", centred, g.weight("predict/rate", 1 / arrays["spread"]))
    bounds = [g.weight(f"predict/{side}", sign * CLIP) for side, sign in (("least", -1), ("most", 1))]
    value = g.op("Clip", "predict/clipped", value, *bounds)
    doubled = g.op("Mul", "predict/doubled", "strength", g.weight("predict/twice", 2 * STRENGTH))
    strength = g.op("Sub", "predict/strength", doubled, g.weight("predict/middle", STRENGTH))
    value = g.op("Concat", "predict/inputs", value, strength, axis=0)
    value = g.op("Unsqueeze", "predict/row", value, g.weight("predict/first_axis", [0], np.int64))
    layers = sum(name.startswith("dense.") for name in arrays)
    for number in range(layers):
        matrix = g.weight(f"predict/{number}/matrix", arrays[f"dense.{number}"])
        bias = g.weight(f"predict/{number}/bias", arrays[f"biases.{number}"])
        value = g.op("Gemm", f"predict/{number}", value, matrix, bias, transB=1)
        if number < layers - 1:
            value = g.op("Relu", f"predict/{number}/relu", value)
    g.op("Squeeze", "predict/pairs", value, "predict/first_axis")
    kernels = [arrays[f"kernels.{one.name}"].ravel() / KERNEL_RATE for one in architecture.fitted()]
    g.op("Concat", "style", "predict/pairs", g.weight("predict/kernels", np.concatenate(kernels)), axis=0)


def _painter(g: _Nodes, arrays: Mapping[str, Array], architecture: Architecture) -> None:
    """Append the nodes from ``image``, ``noise`` and ``style`` to ``picture``."""
    convolutions = {one.name: one for one in architecture.convolutions()}
    first_axis = g.weight("first_axis", [0], np.int64)
    scales = g.weight("twice", [1, 1, 2, 2])
    pairs: dict[str, tuple[str, str]] = {}
    kernels: dict[str, str] = {}
    start = 0

    def part(name: str, length: int) -> str:
        nonlocal start
        bounds = [g.weight(f"at{place}", [place], np.int64) for place in (start, start + length)]
        start += length
        return g.op("Slice", name, "style", *bounds, first_axis)

    for name, channels in architecture.normalised():
        pairs[name] = part(f"{name}/scale", channels), part(f"{name}/shift", channels)
    rate = g.weight("kernel_rate", KERNEL_RATE)
    for one in architecture.fitted():
        shape = g.weight(f"{one.name}/shape", one.shape, np.int64)
        flat = part(f"{one.name}/numbers", math.prod(one.shape))
        scaled = g.op("Mul", f"{one.name}/scaled", flat, rate)
        kernels[one.name] = g.op("Reshape", f"{one.name}/kernel", scaled, shape)

    def convolved(name: str, value: str) -> str:
        one = convolutions[name]
        kernel = kernels.get(name) or g.weight(f"{name}/kernel", arrays[f"kernels.{name}"])
        inputs = (
            [value, kernel]
            if one.normalised
            else [value, kernel, g.weight(f"{name}/bias", arrays["picture_bias"])]
        )
        output = f"{name}/convolution" if one.normalised else name
        sides = [one.kernel] * 2
        return g.op("Conv", output, *inputs, kernel_shape=sides, strides=[one.stride] * 2, pads=[1] * 4)

    def layer(name: str, value: str) -> str:
        return g.op("InstanceNormalization", name, convolved(name, value), *pairs[name], epsilon=EPSILON)

    def relu(value: str) -> str:
        return g.op("Relu", f"{value}/relu", value)

    def upsampled(value: str) -> str:
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return g.op("Resize", f"{value}/twice", value, "", scales, **how)

    def block(name: str, value: str) -> str:
        inner = layer(f"{name}b", relu(layer(f"{name}a", value)))
        return g.op("Add", f"{name}/sum", value, inner)

    centred = g.op("Sub", "centred", "image", g.weight("middle", 0.5))
    half = relu(layer("down2", g.op("Concat", "inputs", centred, "noise", axis=1)))
    quarter = relu(layer("down4", half))
    value = relu(layer("down8", quarter))
    for number in range(architecture.eighth_blocks):
        value = block(f"eighth{number}", value)
    value = relu(g.op("Add", "up4/sum", layer("up4", upsampled(value)), quarter))
    for number in range(architecture.quarter_blocks):
        value = block(f"quarter{number}", value)
    value = relu(layer("up2", g.op("Concat", "up2/inputs", upsampled(value), half, axis=1)))
    value = relu(layer("refine2", value))
    value = relu(layer("up1", g.op("Concat", "up1/inputs", upsampled(value), "inputs", axis=1)))
    convolved("picture", value)
