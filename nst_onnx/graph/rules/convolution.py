"""The rule of convolution, with respect to its input (weights are fixed here)."""

from __future__ import annotations

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule
from nst_onnx.graph.rules.windows import Windows


@rule("Conv")
def conv(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = W ⋆ x: the gradient is dy convolved with W transposed.

    With strides of 1 this is a plain convolution with the kernel rotated by 180° and its channel axes
    exchanged, which runtimes compute faster than ConvTranspose. Otherwise ConvTranspose spreads dy over
    the extent of the windows, and padding and the remainder of the stride are cropped after.
    """
    if index != 0:
        raise GraphError(f"Conv (node {node.output[0]!r}): kernels that depend on the picture have no rule")
    x, w, y = node.input[0], node.input[1], node.output[0]
    shape = g.shape(w)
    if shape is None or None in shape:
        raise GraphError(f"cannot tell the kernel's shape of Conv (node {y!r})")
    windows = Windows.of(node, tuple(int(n or 0) for n in shape[2:]))
    kernel, group = g.value(w), attribute(node, "group", 1)
    if group == 1 and kernel is not None and plain(windows):
        rotated = np.flip(kernel, axis=tuple(range(2, kernel.ndim))).swapaxes(0, 1)
        n = len(windows.kernel)
        pads = [s - 1 - p for s, p in zip(windows.span * 2, windows.pads, strict=True)]
        return g.op("Conv", dy, g.constant(rotated), pads=pads, dilations=windows.dilations, strides=[1] * n)
    full = g.op("ConvTranspose", dy, w, strides=windows.strides, dilations=windows.dilations, group=group)
    return g.op("Pad", full, g.op("Neg", windows.padding(g, x, y)))


def plain(windows: Windows) -> bool:
    """Whether strides are 1 and no padding is wider than the kernel's extent − 1."""
    narrow = all(p <= s - 1 for s, p in zip(windows.span * 2, windows.pads, strict=True))
    return set(windows.strides) == {1} and windows.auto_pad == "NOTSET" and narrow
