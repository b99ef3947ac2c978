"""Steps of a graph that do nothing but take time, taken out before OpenVINO compiles it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nst_onnx.runtime.devices import openvino


def tidy(model: Any) -> None:
    """Change a model with static shapes (openvino.Model) so that it computes the same with less work."""
    ops = openvino().opset13
    from openvino import passes

    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())  # where nothing is padded is known only now
    manager.run_passes(model)
    for node in model.get_ordered_ops():
        if _pads_nothing(node):
            _replace(node.output(0), node.input_value(0))
        elif _is_gram(node):
            # OpenVINO would scale X in place of the much smaller XᵀX if the scaling came next.
            uses = node.output(0).get_target_inputs()
            turned = ops.transpose(node, ops.constant(np.array([1, 0], np.int64)))
            for use in uses:
                use.replace_source_output(turned.output(0))


def _pads_nothing(node: Any) -> bool:
    if node.get_type_name() != "Pad":
        return False
    ends = [node.input_value(i).get_node() for i in (1, 2)]
    return all(end.get_type_name() == "Constant" and not end.data.any() for end in ends)


def _is_gram(node: Any) -> bool:
    """Whether a node is XᵀX or X Xᵀ, which are symmetric."""
    if node.get_type_name() != "MatMul":
        return False
    (a, b), about = node.input_values(), node.get_attributes()
    same = a.get_node().get_name() == b.get_node().get_name() and a.get_index() == b.get_index()
    return bool(same and about["transpose_a"] != about["transpose_b"])


def _replace(old: Any, new: Any) -> None:
    for use in old.get_target_inputs():
        use.replace_source_output(new)
