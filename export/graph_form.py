"""Normalisation of converted ONNX graphs: names, dynamic sizes, explicit padding, float16 storage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.errors import ModelError

INPUT = "image"
HALF = "/half"
"""Ends the name of a weight that is stored as float16."""


def rename(model: onnx.ModelProto, names: Mapping[str, str]) -> None:
    """Rename tensors, in place: every key of `names` becomes its value.

    Raises ModelError where two tensors would get the same name.
    """
    taken = {tensor for node in model.graph.node for tensor in node.output} - names.keys()
    if len(set(names.values())) < len(names) or taken & set(names.values()):
        raise ModelError(f"two tensors would be called the same: {sorted(names.values())}")
    for node in model.graph.node:
        node.input[:] = [names.get(tensor, tensor) for tensor in node.input]
        node.output[:] = [names.get(tensor, tensor) for tensor in node.output]
    for value in [*model.graph.input, *model.graph.output]:
        value.name = names.get(value.name, value.name)


def declare(model: onnx.ModelProto, channels: Mapping[str, int]) -> None:
    """Declare the picture input N×3×H×W and outputs N×C×h×w of any size, in the order of `channels`.

    The converter's shape information inside the graph is removed: it may apply to one size only.
    """
    graph = model.graph
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, "H", "W"]))
    for name, count in channels.items():
        shape = ["N", count, f"H_{name}", f"W_{name}"]
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def pad_explicitly(model: onnx.ModelProto) -> None:
    """Replace ``auto_pad`` by explicit pads where these do not depend on the picture's size, in place.

    With stride 1, SAME_UPPER adds dilation·(kernel - 1) in all, the odd one at the end (ONNX, Conv).
    With larger strides the amount depends on the size, so ``auto_pad`` stays.
    """
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        side = attributes.get("auto_pad")
        if side not in (b"SAME_UPPER", b"SAME_LOWER") or set(attributes.get("strides", [1])) != {1}:
            continue
        kernel = attributes["kernel_shape"]
        total = [
            d * (k - 1) for d, k in zip(attributes.get("dilations", [1] * len(kernel)), kernel, strict=True)
        ]
        less, more = [t // 2 for t in total], [t - t // 2 for t in total]
        kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
        pads = less + more if side == b"SAME_UPPER" else more + less
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("pads", pads)])


def transposes(model: onnx.ModelProto) -> list[str]:
    """Return the names of the Transpose nodes; a purely convolutional network has none."""
    return [node.name or node.output[0] for node in model.graph.node if node.op_type == "Transpose"]


def drop_unused_domains(model: onnx.ModelProto) -> None:
    """Remove imports of operator sets that no node uses, in place (converters declare more)."""
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy whose float32 weights are stored as float16 and cast to float32 at load time.

    Tensors with values beyond float16's range (±65504) stay float32.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for tensor in halved.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        name, array = tensor.name, numpy_helper.to_array(tensor)
        if not (np.abs(array) <= np.finfo(np.float16).max).all():
            continue
        stored = f"{name}{HALF}"
        tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], f"{name}/cast", to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    return halved
