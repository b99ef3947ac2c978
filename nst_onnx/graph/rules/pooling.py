"""Rules of average and max pooling, for any kernel, stride, padding, dilation and rounding."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.table import rule
from nst_onnx.graph.rules.windows import Windows, channels_of


@rule("AveragePool")
def average_pool(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = mean over the window: each position gets dy/count from every window it lies in."""
    x, y = node.input[0], node.output[0]
    windows = Windows.of(node, tuple(attribute(node, "kernel_shape")))
    share = _share(g, node, windows, dy)
    if windows.tiling:
        covered = windows.tile(g, share)
    else:
        covered = windows.spread(g, share, channels_of(g, x, node))
    return g.op("Pad", covered, g.op("Neg", windows.padding(g, x, y)))


def _share(g: Graph, node: onnx.NodeProto, windows: Windows, dy: str) -> str:
    """Return dy divided by the number of positions that each window averages."""
    area = float(np.prod(windows.kernel))
    if not any(windows.pads) and windows.auto_pad == "NOTSET" and not windows.ceil:
        return g.op("Mul", dy, g.constant(1 / area))
    x, y = node.input[0], node.output[0]
    # A one-channel map of what counts: the picture, its declared padding if that counts, nothing beyond.
    one = g.op("Slice", x, g.ints(0, 0), g.ints(1, 1), g.ints(0, 1))
    counted = g.op("ConstantOfShape", g.op("Shape", one), value=_ONE)
    n = len(windows.kernel)
    padding = windows.padding(g, x, y)
    if attribute(node, "count_include_pad", 0) and windows.auto_pad == "NOTSET":
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
    windows = Windows.of(node, tuple(attribute(node, "kernel_shape")))
    padding = windows.padding(g, x, y)
    seen = g.op("Pad", x, padding, g.constant(np.finfo(np.float32).min))
    covered = _tiled_max(g, windows, seen, y, dy) if windows.tiling else _any_max(g, node, windows, seen, dy)
    return g.op("Pad", covered, g.op("Neg", padding))


def _tiled_max(g: Graph, windows: Windows, seen: str, y: str, dy: str) -> str:
    """Windows side by side: compare with the maximum repeated over its window."""
    area = float(np.prod(windows.kernel))
    attained = g.op("Cast", g.op("Equal", seen, windows.tile(g, y)), to=onnx.TensorProto.FLOAT)
    ties = g.op("AveragePool", attained, kernel_shape=windows.kernel, strides=windows.strides)
    share = g.op("Div", dy, g.op("Mul", ties, g.constant(area)))
    return g.op("Mul", attained, windows.tile(g, share))


def _any_max(g: Graph, node: onnx.NodeProto, windows: Windows, seen: str, dy: str) -> str:
    """Windows that overlap or leave gaps: lay out every window's positions as channels, compare, lay back."""
    y = node.output[0]
    channels, area = channels_of(g, node.input[0], node), int(np.prod(windows.kernel))
    pick = np.eye(area, dtype=np.float32).reshape(area, 1, *windows.kernel)  # one kernel per position
    kernels = g.constant(np.tile(pick, (channels, *[1] * (pick.ndim - 1))))
    geometry = {"strides": windows.strides, "dilations": windows.dilations, "group": channels}
    laid = g.op("Conv", seen, kernels, **geometry)
    outer = g.op("Slice", g.op("Shape", y), g.ints(0), g.ints(1))
    inner = g.op("Slice", g.op("Shape", y), g.ints(2), g.ints(2**31 - 1))
    apart = g.op("Concat", outer, g.ints(channels, area), inner, axis=0)
    attained = g.op("Equal", g.op("Reshape", laid, apart), g.op("Unsqueeze", y, g.ints(2)))
    attained = g.op("Cast", attained, to=onnx.TensorProto.FLOAT)
    share = g.op("Div", g.op("Unsqueeze", dy, g.ints(2)), g.op("ReduceSum", attained, g.ints(2), keepdims=1))
    shares = g.op("Reshape", g.op("Mul", attained, share), g.op("Shape", laid))
    return g.op("ConvTranspose", shares, kernels, **geometry)


_ONE = onnx.helper.make_tensor("one", onnx.TensorProto.FLOAT, [1], [1.0])
