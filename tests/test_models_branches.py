"""Networks with branches: names within them, and of the graphs around them, that loading changes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support.foreign_models import FLOAT, conv, picture, run, tensor, write

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph
from nst_onnx.graph.gradient import gradient
from nst_onnx.models import extractor
from nst_onnx.models.metadata import CAFFE


def branch(nodes: list[onnx.NodeProto], result: str, stored: tuple[onnx.TensorProto, ...] = ()):
    return helper.make_graph(
        nodes, "branch", [], [helper.make_tensor_value_info(result, FLOAT, None)], stored
    )


def either(condition: str, target: str, then: onnx.GraphProto, other: onnx.GraphProto) -> onnx.NodeProto:
    return helper.make_node("If", [condition], [target], then_branch=then, else_branch=other)


def loaded_as_it_was(path: Path) -> extractor.Extractor:
    """Load a network without any warning; it computes what the file does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extractor.load(path, preprocessing=CAFFE)
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), [found.layers[-1]])[0], expected, atol=1e-6)
    return found


def network(path: Path, front: list[onnx.NodeProto], chosen: onnx.NodeProto, source: str = "data") -> Path:
    """Convolution c1, `front`, a branch for pictures of one pixel and more, convolution c2, Relu r2."""
    nodes = [
        conv(source, "c1"),
        helper.make_node("Shape", ["c1"], ["lengths"]),
        helper.make_node("Gather", ["lengths", "axis"], ["length"]),
        helper.make_node("Equal", ["length", "four"], ["is_four"]),
        *front,
        chosen,
        conv("n1", "c2"),
        helper.make_node("Relu", ["c2"], ["r2"]),
    ]
    stored = [
        tensor("c1.w", 4, 3, 3, 3),
        tensor("c1.b", 4),
        tensor("c2.w", 6, 4, 3, 3),
        tensor("c2.b", 6),
        numpy_helper.from_array(np.int64(1), "axis"),
        numpy_helper.from_array(np.int64(4), "four"),
    ]
    return write(path, nodes, stored, ["r2"], shape=(1, 3, 20, 30))


def test_a_branch_within_a_branch_uses_a_tensor_of_the_outer_one(tmp_path: Path) -> None:
    inner = either(
        "is_four",
        "chosen",
        branch([helper.make_node("Mul", ["half", "factor"], ["x"])], "x"),
        branch([helper.make_node("Identity", ["half"], ["x"])], "x"),
    )
    outer = branch(
        [helper.make_node("Relu", ["c1"], ["half"]), inner],
        "chosen",
        (numpy_helper.from_array(np.float32(0.5), "factor"),),
    )
    other = branch([helper.make_node("Identity", ["c1"], ["y"])], "y")
    found = loaded_as_it_was(network(tmp_path / "n.onnx", [], either("is_four", "n1", outer, other)))
    assert "If" not in [node.op_type for node in found.proto.graph.node]


@pytest.mark.parametrize("op", ["Identity", "Dropout"])
def test_a_branch_uses_what_a_removed_node_passed_on(op: str, tmp_path: Path) -> None:
    front = [helper.make_node(op, ["c1"], ["passed"])]
    then = branch([helper.make_node("Relu", ["passed"], ["x"])], "x")
    other = branch([helper.make_node("Identity", ["passed"], ["x"])], "x")
    loaded_as_it_was(network(tmp_path / "n.onnx", front, either("is_four", "n1", then, other)))


def test_a_branch_uses_a_tensor_with_a_reserved_name(tmp_path: Path) -> None:
    """And network/loss_scale, the first name for it, is taken."""
    front = [
        helper.make_node("Relu", ["c1"], ["loss_scale"]),
        helper.make_node("Neg", ["c1"], ["network/loss_scale"]),
    ]
    then = branch([helper.make_node("Add", ["loss_scale", "network/loss_scale"], ["mask"])], "mask")
    other = branch([helper.make_node("Identity", ["loss_scale"], ["mask"])], "mask")
    loaded_as_it_was(network(tmp_path / "n.onnx", front, either("is_four", "n1", then, other)))


def test_names_for_a_branch_that_are_taken(tmp_path: Path) -> None:
    front = [helper.make_node("Sigmoid", ["c1"], ["n1/x"])]
    then = branch(
        [helper.make_node("Relu", ["c1"], ["x"]), helper.make_node("Add", ["x", "n1/x"], ["y"])], "y"
    )
    other = branch([helper.make_node("Identity", ["c1"], ["y"])], "y")
    loaded_as_it_was(network(tmp_path / "n.onnx", front, either("is_four", "n1", then, other)))


def test_a_layers_name_hides_no_other_tensors(tmp_path: Path) -> None:
    """Caffe's names: the convolution is conv1_1, its ReLU another tensor, which gets VGG's name here."""
    nodes, stored, source, depth = [], [], "data", 3
    for block, (width, count) in enumerate([(64, 2), (128, 2), (256, 4)], 1):
        for index in range(1, count + 1):
            name = f"conv{block}_{index}"
            nodes += [conv(source, name), helper.make_node("Relu", [name], [f"relu{block}_{index}"])]
            stored += [tensor(f"{name}.w", width, depth, 3, 3), tensor(f"{name}.b", width)]
            source, depth = f"relu{block}_{index}", width
        nodes.append(
            helper.make_node("MaxPool", [source], [f"pool{block}"], kernel_shape=[2, 2], strides=[2, 2])
        )
        source = f"pool{block}"
    path = write(tmp_path / "n.onnx", nodes[:-1], stored, ["relu3_4"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extractor.load(path, preprocessing=CAFFE)
    assert found.layers[-1] == "conv3_4"
    (expected,) = run(path, picture(20, 30))
    np.testing.assert_allclose(run(found.proto, picture(20, 30), ["conv3_4"])[0], expected, rtol=1e-4)


def test_a_branch_that_depends_on_the_picture_has_no_gradient() -> None:
    """It takes the picture by name, not as an input."""
    graph = Graph()
    graph.input("x", [2])
    graph.input("condition", [], onnx.TensorProto.BOOL)
    then = branch([helper.make_node("Mul", ["x", "x"], ["y"])], "y")
    other = branch([helper.make_node("Identity", ["x"], ["y"])], "y")
    graph.nodes.append(either("condition", "chosen", then, other))
    total = graph.op("ReduceSum", graph.op("Add", "x", "chosen"), keepdims=0)
    with pytest.raises(GraphError, match=r"If .* has no gradient rule"):
        gradient(graph, total, "x")
