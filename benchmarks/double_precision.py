"""An ONNX graph computed in float64, and its gradient held against differences of the graph's own loss.

A gradient in float32 differs from an exact one where a ReLU or a maximum is so near its step that rounding
decides its side. In float64 such places are 10⁹ times rarer: what differs there is a wrong rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.graph import external_data

if TYPE_CHECKING:
    from onnx.reference import ReferenceEvaluator

STEP = 1e-7
"""Length of a difference, of a picture with the standard deviation 1; rounding is 10⁻⁹ of the derivative."""


def in_float64(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose float32 tensors are all float64."""
    wide = onnx.ModelProto.FromString(model.SerializeToString())
    graph = wide.graph
    for tensor in graph.initializer:
        _widen(tensor)
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _widen(attribute.t)
            elif attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
            elif attribute.name == "value_float":
                attribute.CopyFrom(
                    helper.make_attribute("value", numpy_helper.from_array(np.array(attribute.f)))
                )
    return wide


def _widen(tensor: onnx.TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT:
        wide = external_data.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))


def evaluator(model: onnx.ModelProto) -> ReferenceEvaluator:
    """Return onnx's reference implementation of a model in float64.

    Its Pad cannot crop, and its convolutions cannot do all groups, or take minutes: these are our own.
    """
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class Pad(OpRun):  # type: ignore[misc]  # onnx has no types
        def _run(
            self, data: Any, pads: Any, value: Any = None, axes: Any = None, mode: str = "constant"
        ) -> tuple[Any]:
            width = [(0, 0)] * data.ndim
            chosen = range(data.ndim) if axes is None else [int(axis) for axis in axes]
            for number, axis in enumerate(chosen):
                width[axis] = int(pads[number]), int(pads[number + len(chosen)])
            fill = {"constant_values": 0 if value is None else value} if mode == "constant" else {}
            return (padded(data, width, mode=mode, **fill),)

    class Conv(OpRun):  # type: ignore[misc]  # onnx has no types
        def _run(self, x: Any, kernel: Any, bias: Any = None, **given: Any) -> tuple[Any]:
            rank = x.ndim - 2
            return (convolved(padded(x, _around(given, rank)), kernel, given) + _column(bias, rank),)

    class ConvTranspose(OpRun):  # type: ignore[misc]  # onnx has no types
        def _run(self, x: Any, kernel: Any, bias: Any = None, **given: Any) -> tuple[Any]:
            rank = x.ndim - 2
            crop = [(-begin, -end) for begin, end in _around(given, rank)]
            return (padded(spread(x, kernel, given), crop) + _column(bias, rank),)

    return ReferenceEvaluator(in_float64(model), new_ops=[Pad, Conv, ConvTranspose])


Given = Mapping[str, Any]
"""Attributes of a convolution; those that are not given are None."""


def padded(data: Any, width: Sequence[tuple[int, int]], **how: Any) -> Any:
    """Return an array padded at both ends of each axis, or cropped where a width is negative."""
    kept = tuple(
        slice(max(0, -begin), size - max(0, -end))
        for size, (begin, end) in zip(data.shape, width, strict=True)
    )
    return np.pad(data[kept], [(max(0, begin), max(0, end)) for begin, end in width], **how)


def convolved(x: Any, kernel: Any, given: Given) -> Any:
    """Return N×O×… of N×C×… and O×(C/groups)×…, without padding."""
    rank = kernel.ndim - 2
    stride, dilation = _each(given, "strides", rank), _each(given, "dilations", rank)
    reach = [(size - 1) * step + 1 for size, step in zip(kernel.shape[2:], dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(range(2, x.ndim)))
    windows = windows[(slice(None), slice(None), *(slice(None, None, n) for n in (*stride, *dilation)))]
    groups, taps = given.get("group") or 1, range(2, kernel.ndim)
    axes = (1, *(rank + tap for tap in taps)), (1, *taps)
    parts = zip(np.split(windows, groups, 1), np.split(kernel, groups, 0), strict=True)
    return np.concatenate([np.moveaxis(np.tensordot(part, one, axes), -1, 1) for part, one in parts], 1)


def spread(x: Any, kernel: Any, given: Given) -> Any:
    """Return the transposed convolution of N×C×… by C×(O/groups)×…, without cropping."""
    rank = kernel.ndim - 2
    stride, dilation = _each(given, "strides", rank), _each(given, "dilations", rank)
    more = given.get("output_padding") or [0] * rank
    size = [
        (x.shape[2 + i] - 1) * stride[i] + (kernel.shape[2 + i] - 1) * dilation[i] + 1 + more[i]
        for i in range(rank)
    ]
    groups = given.get("group") or 1
    found = [np.zeros((x.shape[0], kernel.shape[1], *size), x.dtype) for _ in range(groups)]
    parts = zip(found, np.split(x, groups, 1), np.split(kernel, groups, 0), strict=True)
    for into, part, one in parts:
        for tap in np.ndindex(*kernel.shape[2:]):
            place = (
                slice(
                    tap[i] * dilation[i],
                    tap[i] * dilation[i] + (x.shape[2 + i] - 1) * stride[i] + 1,
                    stride[i],
                )
                for i in range(rank)
            )
            into[(slice(None), slice(None), *place)] += np.moveaxis(
                np.tensordot(part, one[(slice(None), slice(None), *tap)], (1, 0)), -1, 1
            )
    return np.concatenate(found, 1)


def _each(given: Given, name: str, rank: int) -> list[int]:
    return list(given.get(name) or [1] * rank)


def _around(given: Given, rank: int) -> list[tuple[int, int]]:
    if given.get("auto_pad") not in (None, "NOTSET", "VALID") or given.get("output_shape"):
        raise NotImplementedError(f"no network measured here pads so: {given}")
    pads = given.get("pads") or [0] * 2 * rank
    return [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)]


def _column(bias: Any, rank: int) -> Any:
    return 0 if bias is None else bias.reshape(-1, *[1] * rank)


def slope_error(
    model: onnx.ModelProto, loss: str, slope: str, feeds: dict[str, npt.NDArray[np.float64]], seed: int
) -> float:
    """Return |g·d − (L(x + hd) − L(x − hd)) / 2h| / |g·d| for a random direction d.

    `model` has the outputs `loss` and `slope`, the gradient with respect to the one input in `feeds`. It is
    computed by onnx's reference implementation.
    """
    evaluate = evaluator(model)
    ((name, picture),) = feeds.items()
    gradient = evaluate.run([slope], feeds)[0]
    if gradient.dtype != np.float64:
        raise TypeError(f"{slope} was computed in {gradient.dtype}")
    # Along the gradient's signs no large terms cancel.
    direction = np.sign(gradient) * np.random.default_rng(seed).random(picture.shape)
    ahead, behind = (
        float(evaluate.run([loss], {name: picture + side * STEP * direction})[0]) for side in (1, -1)
    )
    along = float((gradient * direction).sum())
    return abs(along - (ahead - behind) / (2 * STEP)) / abs(along)
