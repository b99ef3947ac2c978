from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from support import exporter

from nst_onnx.errors import ModelError

graph_form = exporter.module("graph_form")


def model_of(nodes: list[onnx.NodeProto], output: str, **weights: np.ndarray) -> onnx.ModelProto:
    return helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)],
        ir_version=8,
    )


def convolution(seed: int = 0, **attributes: Any) -> onnx.ModelProto:
    kernel = np.random.default_rng(seed).standard_normal((4, 3, *attributes["kernel_shape"]))
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], **attributes),
        helper.make_node("Relu", ["c"], ["out"]),
    ]
    return model_of(nodes, "out", k=kernel.astype(np.float32))


def run(model: onnx.ModelProto, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: picture})[0])


def picture(height: int = 13, width: int = 10) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((1, 3, height, width)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    side=st.sampled_from(["SAME_UPPER", "SAME_LOWER"]),
)
def test_explicit_padding_computes_the_same(
    kernel: tuple[int, int], dilation: tuple[int, int], side: str
) -> None:
    # onnxruntime has no dilation together with auto_pad; a kernel with zeros between says the same.
    model = convolution(kernel_shape=kernel, dilations=dilation, auto_pad=side)
    weights = numpy_helper.to_array(model.graph.initializer[0])
    spaced = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    apart = np.zeros((4, 3, *spaced), np.float32)
    apart[:, :, :: dilation[0], :: dilation[1]] = weights
    reference = convolution(kernel_shape=spaced, auto_pad=side)
    reference.graph.initializer[0].CopyFrom(numpy_helper.from_array(apart, "k"))
    graph_form.pad_explicitly(model)
    assert all(a.name != "auto_pad" for a in model.graph.node[0].attribute)
    for each in (model, reference):
        graph_form.declare(each, {"out": 4})
        graph_form.rename(each, {"x": "image"})
    np.testing.assert_allclose(run(model, picture()), run(reference, picture()), rtol=1e-5, atol=1e-5)


def test_padding_that_depends_on_the_size_stays() -> None:
    model = convolution(kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    before = model.SerializeToString()
    graph_form.pad_explicitly(model)
    assert model.SerializeToString() == before


def test_declared_for_any_size() -> None:
    model = convolution(kernel_shape=[3, 3])
    graph_form.declare(model, {"out": 4})
    graph_form.rename(model, {"x": "image", "out": "conv1_1"})
    onnx.checker.check_model(model, full_check=True)
    assert [v.name for v in [*model.graph.input, *model.graph.output]] == ["image", "conv1_1"]
    for size in ((5, 7), (20, 9)):
        assert run(model, picture(*size)).shape == (1, 4, size[0] - 2, size[1] - 2)


def test_two_tensors_of_one_name_are_refused() -> None:
    model = convolution(kernel_shape=[3, 3])
    with pytest.raises(ModelError, match="called the same"):
        graph_form.rename(model, {"out": "c"})
    with pytest.raises(ModelError, match="called the same"):
        graph_form.rename(model, {"out": "a", "c": "a"})


def test_transposes_are_found() -> None:
    nodes = [helper.make_node("Transpose", ["x"], ["out"], "turn", perm=[0, 2, 3, 1])]
    assert graph_form.transposes(model_of(nodes, "out")) == ["turn"]
    assert graph_form.transposes(convolution(kernel_shape=[3, 3])) == []


def test_unused_domains_go() -> None:
    model = convolution(kernel_shape=[3, 3])
    graph_form.drop_unused_domains(model)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]


def test_halved_weights_compute_nearly_the_same() -> None:
    model = convolution(kernel_shape=[3, 3])
    graph_form.declare(model, {"out": 4})
    graph_form.rename(model, {"x": "image"})
    whole = model.SerializeToString()
    halved = graph_form.halve(model)
    assert model.SerializeToString() == whole
    assert [t.data_type for t in halved.graph.initializer] == [TensorProto.FLOAT16]
    expected = run(model, picture())
    found = run(halved, picture())
    assert found.dtype == np.float32
    # 27 products, each off by at most half a unit in float16's eleventh bit.
    bound = (
        2**-11
        * 27
        * np.abs(picture()).max()
        * np.abs(numpy_helper.to_array(model.graph.initializer[0])).max()
    )
    assert 0 < np.abs(found - expected).max() < bound


def test_weights_beyond_float16_stay_whole() -> None:
    kernel = np.array([70000.0, 1, 1], np.float32).reshape(1, 3, 1, 1)
    model = model_of([helper.make_node("Conv", ["x", "k"], ["out"])], "out", k=kernel)
    assert [t.data_type for t in graph_form.halve(model).graph.initializer] == [TensorProto.FLOAT]
