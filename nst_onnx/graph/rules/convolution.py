"""The rules of convolution, with respect to its input, its kernel and its bias, and of its adjoint."""

from __future__ import annotations

import itertools

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import NO_INTS, Graph, attribute
from nst_onnx.graph.rules.broadcasting import known_shape
from nst_onnx.graph.rules.registry import rule
from nst_onnx.graph.rules.windows import Windows


@rule("Conv")
def conv(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = W ⋆ x + b: the gradient with respect to x is dy convolved with W transposed.

    With strides of 1 this is a plain convolution with the kernel rotated by 180° and its channel axes
    exchanged, which runtimes compute faster than ConvTranspose. Otherwise ConvTranspose spreads dy over
    the extent of the windows, and padding and the remainder of the stride are cropped after.
    """
    x, w, y = node.input[0], node.input[1], node.output[0]
    shape = g.shape(w)
    if shape is None or None in shape:
        raise GraphError(f"cannot tell the kernel's shape of Conv (node {y!r})")
    sizes = tuple(int(n or 0) for n in shape)
    windows = Windows.of(node, sizes[2:])
    if index == 1:
        return _kernel(g, node, dy, windows, sizes)
    if index == 2:
        return g.op("ReduceSum", dy, g.ints(0, *range(2, len(shape))), keepdims=0)
    group = attribute(node, "group", 1)
    if group == 1 and plain(windows):
        n = len(windows.kernel)
        pads = [s - 1 - p for s, p in zip(windows.span * 2, windows.pads, strict=True)]
        how = {"kernel_shape": windows.kernel, "dilations": windows.dilations, "strides": [1] * n}
        return g.op("Conv", dy, _rotated(g, w, n), pads=pads, **how)
    full = g.op("ConvTranspose", dy, w, strides=windows.strides, dilations=windows.dilations, group=group)
    return g.op("Pad", full, g.op("Neg", windows.padding(g, x, y)))


@rule("ConvTranspose")
def conv_transpose(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """The adjoint of a convolution by the same kernel: that convolution of dy."""
    y = node.output[0]
    fixed = attribute(node, "auto_pad", "NOTSET") == "NOTSET" and not attribute(node, "output_shape", NO_INTS)
    if index == 1 or not fixed:
        raise GraphError(
            f"ConvTranspose (node {y!r}) has a gradient rule for fixed kernels and paddings only"
        )
    w = node.input[1]
    shape = known_shape(g, w, node)
    if index == 2:
        return g.op("ReduceSum", dy, g.ints(0, *range(2, len(shape))), keepdims=0)
    names = ("kernel_shape", "strides", "dilations", "pads", "group")
    how = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute if a.name in names}
    return g.op("Conv", dy, w, **how)


def _rotated(g: Graph, w: str, n: int) -> str:
    """Return a kernel of `n` spatial axes rotated by 180°, its channel axes exchanged."""
    kernel, axes = g.value(w), range(2, n + 2)
    if kernel is not None:
        return g.constant(np.flip(kernel, axis=tuple(axes)).swapaxes(0, 1))
    last, steps = g.ints(*[-1] * n), g.ints(*[-1] * n)
    turned = g.op("Slice", w, last, g.ints(*[np.iinfo(np.int64).min] * n), g.ints(*axes), steps)
    return g.op("Transpose", turned, perm=[1, 0, *axes])


def _kernel(g: Graph, node: onnx.NodeProto, dy: str, windows: Windows, shape: tuple[int, ...]) -> str:
    """dW[k, c, t] = Σ dy[k, p] x[c, s p + d t] over positions p, for each tap t: a matrix product a tap.

    Runtimes compute this several times faster than a convolution whose kernel is as large as the picture.
    """
    x, y = node.input[0], node.output[0]
    group = int(attribute(node, "group", 1))
    outputs, inputs = shape[0] // group, shape[1]
    axes = g.ints(*range(2, len(shape)))
    padded = g.op("Pad", x, windows.padding(g, x, y))
    past_last = g.op("Sub", windows.covered(g, y), g.ints(*(s - 1 for s in windows.span)))
    rows = g.op("Transpose", g.op("Reshape", dy, g.ints(0, group, outputs, -1)), perm=[0, 1, 3, 2])
    taps = []
    for tap in itertools.product(*map(range, windows.kernel)):
        first = g.ints(*(t * d for t, d in zip(tap, windows.dilations, strict=True)))
        last = g.op("Add", past_last, first)
        seen = g.op("Slice", padded, first, last, axes, g.ints(*windows.strides))
        columns = g.op("Reshape", seen, g.ints(0, group, inputs, -1))
        product = g.op("MatMul", columns, rows)
        taps.append(g.op("ReduceSum", product, g.ints(0), keepdims=1))
    stacked = g.op("Concat", *taps, axis=0)
    return g.op("Reshape", g.op("Transpose", stacked, perm=[1, 3, 2, 0]), g.ints(*shape))


def plain(windows: Windows) -> bool:
    """Whether strides are 1 and no padding is wider than the kernel's extent − 1."""
    narrow = all(p <= s - 1 for s, p in zip(windows.span * 2, windows.pads, strict=True))
    return set(windows.strides) == {1} and windows.auto_pad == "NOTSET" and narrow
