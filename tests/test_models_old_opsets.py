"""Networks in IR version 3 and in opsets below 17, as in the classic model zoo."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support.foreign_models import FLOAT, conv, exposing, picture, run, squeezed, tensor, write

from nst_onnx.models import extractor
from nst_onnx.models.metadata import CAFFE


def in_ir_3(path: Path) -> Path:
    """The same file as of 2017: in IR version 3, where every initializer is an input too."""
    model = onnx.load(path)
    model.ir_version = 3
    for t in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("opset", [7, 8, 9, 11, 17])
def test_networks_in_ir_3(opset: int, tmp_path: Path) -> None:
    path = in_ir_3(squeezed(tmp_path / "s.onnx", size=32, opset=opset))
    loaded = extractor.load(path, preprocessing=CAFFE)
    assert [value.name for value in loaded.proto.graph.input] == ["data"]
    assert (loaded.proto.opset_import[0].version, loaded.proto.ir_version) == (17, 8)
    expected = run(exposing(path, list(loaded.layers)), picture(32, 32))
    for found, wanted in zip(run(loaded.proto, picture(32, 32)), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "attributes", "stored", "opset"),
    [
        ("BatchNormalization", {}, [(4,), (4,), (4,), None], 7),
        ("BatchNormalization", {}, [(4,), (4,), (4,), None], 8),
        ("Clip", {"min": -0.2, "max": 0.3}, [], 8),
        ("PRelu", {}, [(4, 1, 1)], 7),
        ("Pad", {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "mode": "reflect"}, [], 8),
        ("Slice", {"axes": [1], "starts": [0], "ends": [3]}, [], 9),
        ("Upsample", {"scales": [1.0, 1.0, 2.0, 2.0], "mode": "nearest"}, [], 7),
    ],
)
def test_operators_of_old_opsets_in_ir_3(kind, attributes, stored, opset: int, tmp_path: Path) -> None:
    weights = [
        numpy_helper.from_array(np.ones(4, np.float32), f"{i}") if shape is None else tensor(f"{i}", *shape)
        for i, shape in enumerate(stored)
    ]
    nodes = [
        conv("data", "c"),
        helper.make_node(kind, ["c", *(t.name for t in weights)], ["old"], **attributes),
        helper.make_node("Relu", ["old"], ["relu"]),
    ]
    weights += [tensor("c.w", 4, 3, 3, 3), tensor("c.b", 4)]
    path = in_ir_3(write(tmp_path / "n.onnx", nodes, weights, ["relu"], opset=opset))
    loaded = extractor.load(path, preprocessing=CAFFE)
    for found, wanted in zip(run(loaded.proto, picture(), ["relu"]), run(path, picture()), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("width", [4, 30])
@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("PRelu", {}, lambda x, c: np.where(x < 0, c * x, x)),
        ("Add", {"broadcast": 1, "axis": 1}, lambda x, c: x + c),
        ("Mul", {"broadcast": 1, "axis": 1}, lambda x, c: x * c),
    ],
)
def test_constants_of_opset_6_are_broadcast_along_channels(
    kind, attributes, expected, width: int, tmp_path: Path
) -> None:
    """Onnxruntime has none of these; from opset 7 on a constant of shape C is broadcast along columns."""
    constant = numpy_helper.from_array(np.float32([0.1, 0.2, 0.3, 0.4]), "constant")
    nodes = [
        conv("data", "c"),
        helper.make_node(kind, ["c", "constant"], ["old"], **attributes),
        helper.make_node("Relu", ["old"], ["relu"]),
    ]
    weights = [tensor("c.w", 4, 3, 3, 3), tensor("c.b", 4), constant]
    shape = (1, 3, 9, width)
    path = in_ir_3(write(tmp_path / "n.onnx", nodes, weights, ["relu"], shape=shape, opset=6))
    loaded = extractor.load(path, preprocessing=CAFFE)
    exposed = onnx.ModelProto.FromString(loaded.proto.SerializeToString())
    exposed.graph.output.extend(helper.make_tensor_value_info(name, FLOAT, None) for name in ("c", "old"))
    before, after = run(exposed, picture(9, width), ["c", "old"])
    values = numpy_helper.to_array(constant)[:, None, None]
    np.testing.assert_allclose(after, expected(before, values), atol=1e-6)
