"""First layer of a foreign network: where it is VGG's own, it says how pictures are preprocessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from nst_onnx.models.kernel_layout import Orientation, recognise
from nst_onnx.models.metadata import Preprocessing

# What exporters put between a picture and the first convolution to preprocess it; no filter is among them.
_PREPROCESSING = frozenset(
    "Add Cast Clip Concat Div Gather Identity Mul Neg Slice Split Sub Transpose".split()
)
_DESCRIBING = frozenset(("Shape", "Size"))


def published_preprocessing(graph: onnx.GraphProto, picture: str) -> Preprocessing | None:
    """Return what VGG's first layer expects, None where the network begins with another layer.

    The graph's own preprocessing is removed, so that the first layer (or its padding) takes `picture`,
    N×3×H×W. Constants must be folded.
    """
    derived, before, entry = {picture}, [], None
    for node in graph.node:
        if derived.isdisjoint(node.input) or node.op_type in _DESCRIBING:
            continue
        if node.op_type == "Conv":
            break
        if entry is not None or node.op_type not in _PREPROCESSING | {"Pad"}:
            return None
        if node.op_type == "Pad":
            entry = node
        else:
            before.append(node)
        derived.update(node.output)
    else:
        return None
    preprocessing = _expected(graph, node)
    if preprocessing is not None:
        (entry or node).input[0] = picture
        for removed in before:
            graph.node.remove(removed)
    return preprocessing


def _expected(graph: onnx.GraphProto, first: onnx.NodeProto) -> Preprocessing | None:
    """Return the preprocessing that a convolution's weights were trained with, if they are published ones."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    kernel, bias = (_constant(constants, name) for name in (first.input[1], _bias_name(graph, first)))
    if kernel is None or bias is None or kernel.ndim != 4:
        return None
    match = recognise(kernel, bias)
    if match is None:
        return None
    _, preprocessing, orientation = match
    if replace(orientation, flip_channels=False) != Orientation():
        return None  # a Conv node has only one orientation; this is another network
    return _reversed(preprocessing) if orientation.flip_channels else preprocessing


def _bias_name(graph: onnx.GraphProto, first: onnx.NodeProto) -> str:
    """Return the name of a convolution's bias, which may be added by the next node; "" for none."""
    if len(first.input) > 2:
        return str(first.input[2])
    following = [node for node in graph.node if first.output[0] in node.input]
    if len(following) == 1 and following[0].op_type == "Add":
        return next((str(name) for name in following[0].input if name != first.output[0]), "")
    return ""


def _constant(constants: dict[str, onnx.TensorProto], name: str) -> npt.NDArray[np.generic] | None:
    return numpy_helper.to_array(constants[name]) if name in constants else None


def _reversed(preprocessing: Preprocessing) -> Preprocessing:
    """Return the same preprocessing with the channels in the other order."""
    (m0, m1, m2), (s0, s1, s2) = preprocessing.mean, preprocessing.std
    order: Literal["RGB", "BGR"] = "BGR" if preprocessing.channel_order == "RGB" else "RGB"
    return Preprocessing(order, preprocessing.scale, (m2, m1, m0), (s2, s1, s0))
