"""An ONNX graph computed in float64, and its gradient held against differences of the graph's own loss.

A gradient in float32 differs from an exact one where a ReLU or a maximum is so near its step that rounding
decides its side. In float64 such places are 10⁹ times rarer: what differs there is a wrong rule.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

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
        wide = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))


def slope_error(
    model: onnx.ModelProto, loss: str, slope: str, feeds: dict[str, npt.NDArray[np.float64]], seed: int
) -> float:
    """Return |g·d − (L(x + hd) − L(x − hd)) / 2h| / |g·d| for a random direction d.

    `model` has the outputs `loss` and `slope`, the gradient with respect to the one input in `feeds`. It is
    computed by onnx's reference implementation.
    """
    from onnx.reference import ReferenceEvaluator

    evaluate = ReferenceEvaluator(in_float64(model))
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
