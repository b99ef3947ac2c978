"""Rules of average and max pooling, for any kernel, stride, padding, dilation and rounding."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, Graph, attribute
from nst_onnx.graph.rules.registry import rule
from nst_onnx.graph.rules.windows import Windows, channels_of, spatial


def _windows(node: onnx.NodeProto) -> Windows:
    windows = Windows.of(node, tuple(attribute(node, "kernel_shape", NO_INTS)))
    if windows.span != windows.kernel and attribute(node, "auto_pad", "").startswith("SAME"):
        # onnxruntime computes the padding as if the window were not dilated, unlike ONNX's formula.
        raise GraphError(f"{node.op_type} (node {node.output[0]!r}) is dilated: its padding must be explicit")
    return windows


@rule("AveragePool")
def average_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = mean over the window: each position gets dy/count from every window it lies in."""
    x, y = node.input[0], node.output[0]
    windows = _windows(node)
    share = _share(g, node, windows, dy)
    if windows.tiling:
        covered = windows.tile(g, share)
    else:
        covered = windows.spread(g, share, channels_of(g, x, node))
    return g.op("Pad", covered, g.op("Neg", windows.padding(g, x, y)))


def _share(g: Graph, node: onnx.NodeProto, windows: Windows, dy: str) -> str:
    """Return dy divided by the number of positions that each window averages."""
    area = float(np.prod(windows.kernel))
    inside = not any(windows.pads) and windows.auto_pad == "NOTSET" and not windows.ceil
    if inside or (windows.auto_pad != "NOTSET" and attribute(node, "count_include_pad", 0)):
        return g.op("Mul", dy, g.constant(1 / area))
    x, y = node.input[0], node.output[0]
    # A one-channel mask of the positions that count: the picture, and its declared padding if included.
    counted = g.ones(g.op("Concat", g.ints(1, 1), spatial(g, x), axis=0))
    n = len(windows.kernel)
    padding = windows.padding(g, x, y)
    if attribute(node, "count_include_pad", 0):
        declared = g.ints(0, 0, *windows.pads[:n], 0, 0, *windows.pads[n:])
        counted = g.op("Pad", counted, declared, g.constant(1.0))
        padding = g.op("Sub", padding, declared)
    counted = g.op("Pad", counted, padding)
    ones = g.constant(np.ones((1, 1, *windows.kernel), np.float32))
    counts = g.op("Conv", counted, ones, strides=windows.strides, dilations=windows.dilations)
    return g.op("Div", dy, counts)


@rule("MaxPool")
def max_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = max over the window: the positions that attain it share dy equally.

    Flat pictures are full of ties; sharing keeps the gradient symmetric, and it is the mean of
    all one-sided choices.
    """
    x, y = node.input[0], node.output[0]
    windows = _windows(node)
    padding = windows.padding(g, x, y)
    padded = g.op("Pad", x, padding, g.constant(np.finfo(np.float32).min))
    covered = (
        _tiled_max(g, windows, padded, y, dy) if windows.tiling else _any_max(g, node, windows, padded, dy)
    )
    return g.op("Pad", covered, g.op("Neg", padding))


def _tiled_max(g: Graph, windows: Windows, padded: str, y: str, dy: str) -> str:
    """Windows that partition the input: compare with the maximum repeated over its window."""
    area = float(np.prod(windows.kernel))
    attained = g.op("Cast", g.op("Equal", padded, windows.tile(g, y)), to=onnx.TensorProto.FLOAT)
    ties = g.op("AveragePool", attained, kernel_shape=windows.kernel, strides=windows.strides)
    share = g.op("Div", dy, g.op("Mul", ties, g.constant(area)))
    return g.op("Mul", windows.tile(g, share), attained)


def _any_max(g: Graph, node: onnx.NodeProto, windows: Windows, padded: str, dy: str) -> str:
    """Windows that overlap or leave gaps: each offset in the window by itself, for all windows at once.

    Slices select the values, not convolutions, because they must be equal to the last bit.
    """
    y, axes = node.output[0], g.ints(*range(2, 2 + len(windows.kernel)))
    reach = g.op("Sub", windows.covered(g, y), g.ints(*(s - 1 for s in windows.span)))
    attained = []
    for offset in np.ndindex(*windows.kernel):
        first = g.ints(*np.multiply(offset, windows.dilations))
        values = g.op("Slice", padded, first, g.op("Add", first, reach), axes, g.ints(*windows.strides))
        attained.append(g.op("Cast", g.op("Equal", values, y), to=onnx.TensorProto.FLOAT))
    share = g.op("Div", dy, g.op("Sum", *attained))
    channels, area = channels_of(g, node.input[0], node), len(attained)
    shares = [g.op("Unsqueeze", g.op("Mul", here, share), g.ints(2)) for here in attained]
    laid = g.op("Concat", *shares, axis=2)
    flat = g.op("Concat", g.op("Shape", y, end=1), g.ints(channels * area), spatial(g, y), axis=0)
    laid = g.op("Reshape", laid, flat)
    one_each = np.eye(area, dtype=np.float32).reshape(area, 1, *windows.kernel)
    kernels = g.constant(np.tile(one_each, (channels, *[1] * (one_each.ndim - 1))))
    geometry = {"strides": windows.strides, "dilations": windows.dilations, "group": channels}
    return g.op("ConvTranspose", laid, kernels, **geometry)
