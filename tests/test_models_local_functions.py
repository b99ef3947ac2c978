"""Local functions that read other files, or that inlining would multiply."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.external_data_helper import set_external_data
from support.foreign_models import conv, picture, run, tensor, write

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, local_functions
from nst_onnx.models.metadata import CAFFE

SETS = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]


def call(function: str, source: str, target: str) -> onnx.NodeProto:
    return helper.make_node(function, [source], [target], domain="own")


def function(name: str, body: list[onnx.NodeProto]) -> onnx.FunctionProto:
    return helper.make_function("own", name, ["a"], ["b"], body, SETS)


def network(path: Path, functions: list[onnx.FunctionProto]) -> Path:
    """Convolution, ReLU, the function `first`, ReLU."""
    nodes = [conv("data", "c1"), helper.make_node("Relu", ["c1"], ["r1"]), call("first", "r1", "f")]
    nodes.append(helper.make_node("Relu", ["f"], ["r2"]))
    model = onnx.load(write(path, nodes, [tensor("c1.w", 4, 3, 3, 3), tensor("c1.b", 4)], ["r2"]))
    model.functions.extend(functions)
    model.opset_import.append(SETS[1])
    path.write_bytes(model.SerializeToString())  # onnx.save would want the external data
    return path


# ---- external data


def external(location: str) -> onnx.TensorProto:
    stored = TensorProto(name="stored", data_type=TensorProto.FLOAT, dims=[4, 1, 1], raw_data=bytes(16))
    set_external_data(stored, location)
    stored.ClearField("raw_data")
    return stored


def constant(location: str) -> list[onnx.NodeProto]:
    return [helper.make_node("Constant", [], ["c"], value=external(location))]


def sparse(location: str) -> list[onnx.NodeProto]:
    value = onnx.SparseTensorProto(values=external(location), dims=[4])
    return [helper.make_node("Constant", [], ["c"], sparse_value=value)]


def within_a_branch(location: str) -> list[onnx.NodeProto]:
    result = [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)]
    branch = helper.make_graph([helper.make_node("Identity", ["stored"], ["x"])], "branch", [], result)
    branch.initializer.append(external(location))
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return [
        helper.make_node("Constant", [], ["yes"], value=yes),
        helper.make_node("If", ["yes"], ["c"], then_branch=branch, else_branch=branch),
    ]


@pytest.mark.parametrize("body", [constant, sparse, within_a_branch])
@pytest.mark.parametrize("location", ["../secret.bin", "secret.bin", ""])
def test_a_function_reads_no_file_of_another_folder(
    location: str,
    body: Callable[[str], list[onnx.NodeProto]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither beside the model's folder nor in the working folder; "": the absolute path."""
    models, working = tmp_path / "models", tmp_path / "working"
    models.mkdir()
    working.mkdir()
    for folder in (tmp_path, working):
        (folder / "secret.bin").write_bytes(np.float32([1, 2, 3, 4]).tobytes())
    nodes = [*body(location or str(working / "secret.bin")), helper.make_node("Add", ["a", "c"], ["b"])]
    path = network(models / "n.onnx", [function("first", nodes)])
    monkeypatch.chdir(working)
    with pytest.raises(ModelError, match=r"outside of its folder|does not exist"):
        extractor.load(path, preprocessing=CAFFE)


def test_a_function_has_external_data_beside_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [*constant("data.bin"), helper.make_node("Add", ["a", "c"], ["b"])]
    path = network(tmp_path / "n.onnx", [function("first", nodes)])
    (tmp_path / "data.bin").write_bytes(np.float32([1, 2, 3, 4]).tobytes())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = extractor.load(path, preprocessing=CAFFE).proto
    before, after = run(found, picture(), ["r1", "r2"])
    np.testing.assert_allclose(after, before + np.float32([1, 2, 3, 4])[:, None, None])


# ---- size


def doubling(count: int, last: list[onnx.NodeProto]) -> list[onnx.FunctionProto]:
    """Functions that each call the next one twice."""
    names = ["first", *(f"f{i}" for i in range(1, count)), "last"]
    pairs = pairwise(names)
    return [
        *(function(name, [call(after, "a", "m"), call(after, "m", "b")]) for name, after in pairs),
        function("last", last),
    ]


def test_functions_that_double_are_inlined_up_to_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is of the nodes that the inlined model has: eight, and three of the graph's own."""
    path = network(tmp_path / "n.onnx", doubling(3, [helper.make_node("Sigmoid", ["a"], ["b"])]))
    monkeypatch.setattr(local_functions, "MAX_NODES", 11)
    nodes = extractor.load(path, preprocessing=CAFFE).proto.graph.node
    assert [node.op_type for node in nodes].count("Sigmoid") == 8
    monkeypatch.setattr(local_functions, "MAX_NODES", 10)
    with pytest.raises(ModelError, match=r"^n\.onnx: its local functions make 11 nodes"):
        extractor.load(path, preprocessing=CAFFE)


def test_functions_that_would_fill_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("they are inlined")

    monkeypatch.setattr(local_functions.inliner, "inline_local_functions", never)
    many = doubling(30, [helper.make_node("Sigmoid", ["a"], ["b"])])
    with pytest.raises(ModelError, match="nodes") as caught:
        extractor.load(network(tmp_path / "n.onnx", many), preprocessing=CAFFE)
    assert "\n" not in str(caught.value)
    value = helper.make_tensor("big", TensorProto.FLOAT, [1 << 18], bytes(1 << 20), raw=True)
    last = [helper.make_node("Constant", [], ["c"], value=value), helper.make_node("Relu", ["a"], ["b"])]
    with pytest.raises(ModelError, match=r"8195 nodes, 4\.3 GB, .* 100000 nodes and 2\.1 GB"):
        extractor.load(network(tmp_path / "n.onnx", doubling(12, last)), preprocessing=CAFFE)


def test_calls_within_branches_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)]
    branch = helper.make_graph([call("last", "a", "x")], "branch", [], result)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    body = [
        helper.make_node("Constant", [], ["yes"], value=yes),
        helper.make_node("If", ["yes"], ["b"], then_branch=branch, else_branch=branch),
    ]
    last = function("last", [helper.make_node("Relu", ["a"], ["m"]), helper.make_node("Neg", ["m"], ["b"])])
    path = network(tmp_path / "n.onnx", [function("first", body), last])
    monkeypatch.setattr(local_functions, "MAX_NODES", 8)
    with pytest.raises(ModelError, match="make 9 nodes"):
        extractor.load(path, preprocessing=CAFFE)


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        ([function("first", [call("first", "a", "b")])], "in a circle"),
        (
            [function(f"f{i}", [call(f"f{i + 1}", "a", "b")]) for i in range(200)],
            "202 deep; the limit is 100",
        ),
    ],
)
def test_chains_without_end_are_refused(
    functions: list[onnx.FunctionProto], says: str, tmp_path: Path
) -> None:
    if len(functions) > 1:
        functions = [function("first", [call("f0", "a", "b")]), *functions]
        functions.append(function("f200", [helper.make_node("Relu", ["a"], ["b"])]))
    with pytest.raises(ModelError, match=says):
        extractor.load(network(tmp_path / "n.onnx", functions), preprocessing=CAFFE)
