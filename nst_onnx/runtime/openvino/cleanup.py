"""Graph pass for OpenVINO: removes identity operations that its compiler would execute as copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nst_onnx.runtime.devices import openvino

if TYPE_CHECKING:
    import openvino as ov


def remove_identities(model: ov.Model) -> None:
    """Remove padding by nothing, + 0 and × 1 from a model with static shapes (ov.Model), in place.

    Gram matrices are transposed, which changes nothing because they are symmetric: see the comment below.
    """
    ops, passes = openvino().opset13, openvino().passes
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())  # widths of borders are constant only with static shapes
    manager.run_passes(model)
    for node in model.get_ordered_ops():
        if (source := _identity_source(node)) is not None:
            for use in node.output(0).get_target_inputs():
                use.replace_source_output(source)
        elif _is_gram(node):
            # Without it OpenVINO would move the following scaling from XᵀX to the much larger X.
            uses = node.output(0).get_target_inputs()
            transposed = ops.transpose(node, ops.constant(np.array([1, 0], np.int64)))
            for use in uses:
                use.replace_source_output(transposed.output(0))


def _identity_source(node: ov.Node) -> ov.Output:
    """Return the input that a node passes on unchanged; None where it computes something."""
    kind, inputs = node.get_type_name(), node.input_values()
    if kind == "Pad":
        return inputs[0] if all(_is(0, end) for end in inputs[1:3]) else None
    neutral = {"Add": 0, "Multiply": 1}.get(kind)  # OpenVINO imports Gemm as A·B × 1 + 0
    if neutral is None or not _is(neutral, inputs[1]):
        return None
    shapes = [output.get_partial_shape() for output in (inputs[0], node.output(0))]
    return inputs[0] if all(shape.is_static for shape in shapes) and shapes[0] == shapes[1] else None


def _is(value: float, output: ov.Output) -> bool:
    """Whether a tensor is a constant with this value everywhere."""
    node = output.get_node()
    return bool(node.get_type_name() == "Constant" and (node.data == value).all())


def _is_gram(node: ov.Node) -> bool:
    """Whether a node is XᵀX or X Xᵀ, which are symmetric."""
    if node.get_type_name() != "MatMul":
        return False
    (a, b), about = node.input_values(), node.get_attributes()
    same = a.get_node().get_name() == b.get_node().get_name() and a.get_index() == b.get_index()
    return bool(same and about["transpose_a"] != about["transpose_b"])
