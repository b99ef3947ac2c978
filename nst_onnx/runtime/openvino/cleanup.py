"""Steps of a graph that do nothing but take time, taken out before OpenVINO compiles it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nst_onnx.runtime.devices import openvino


def tidy(model: Any) -> None:
    """Change a model with static shapes (openvino.Model) so that it computes the same with less work."""
    ops, passes = openvino().opset13, openvino().passes
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())  # where nothing is padded is known only now
    manager.run_passes(model)
    for node in model.get_ordered_ops():
        if (same := _unchanged(node)) is not None:
            for use in node.output(0).get_target_inputs():
                use.replace_source_output(same)
        elif _is_gram(node):
            # OpenVINO would scale X in place of the much smaller XᵀX if the scaling came next.
            uses = node.output(0).get_target_inputs()
            turned = ops.transpose(node, ops.constant(np.array([1, 0], np.int64)))
            for use in uses:
                use.replace_source_output(turned.output(0))


def _unchanged(node: Any) -> Any:
    """Return the input that a node gives on as it is; None if it does something."""
    kind, inputs = node.get_type_name(), node.input_values()
    if kind == "Pad":
        return inputs[0] if all(_is(0, end) for end in inputs[1:3]) else None
    idle = {"Add": 0, "Multiply": 1}.get(kind)  # a Gemm is read as a product, times one, plus zero
    if idle is None or not _is(idle, inputs[1]):
        return None
    shapes = [output.get_partial_shape() for output in (inputs[0], node.output(0))]
    return inputs[0] if all(shape.is_static for shape in shapes) and shapes[0] == shapes[1] else None


def _is(value: float, output: Any) -> bool:
    """Whether a tensor is fixed and has this value throughout."""
    node = output.get_node()
    return bool(node.get_type_name() == "Constant" and (node.data == value).all())


def _is_gram(node: Any) -> bool:
    """Whether a node is XᵀX or X Xᵀ, which are symmetric."""
    if node.get_type_name() != "MatMul":
        return False
    (a, b), about = node.input_values(), node.get_attributes()
    same = a.get_node().get_name() == b.get_node().get_name() and a.get_index() == b.get_index()
    return bool(same and about["transpose_a"] != about["transpose_b"])
