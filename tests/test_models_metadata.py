import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.errors import ModelError
from nst_onnx.models import metadata
from nst_onnx.models.metadata import CAFFE, TORCHVISION, Facts, Preprocessing, preprocessing_of

numbers = st.floats(1e-6, 1e6)
triples = st.tuples(numbers, numbers, numbers)


@given(st.sampled_from(["RGB", "BGR"]), numbers, triples, triples)
def test_facts_survive_the_file_exactly(order, scale, mean, std) -> None:
    facts = Facts("net", Preprocessing(order, scale, mean, std), ("a",), ("b", "c/d"), "x", "y", "z")
    model = onnx.ModelProto()
    model.metadata_props.add(key="other", value="stays")
    metadata.stamp(model, facts)
    metadata.stamp(model, facts)
    assert metadata.read(model) == facts
    assert [p.value for p in model.metadata_props if p.key == "other"] == ["stays"]


def test_no_metadata() -> None:
    assert metadata.read(onnx.ModelProto()) is None


@pytest.mark.parametrize("key", ["channel_order", "scale", "mean", "std"])
@pytest.mark.parametrize("value", ["nonsense", "nan", "1,2", ""])
def test_broken_metadata_is_refused(key: str, value: str) -> None:
    model = onnx.ModelProto()
    metadata.stamp(model, Facts("net", CAFFE))
    next(p for p in model.metadata_props if p.key == f"nst.{key}").value = value
    with pytest.raises(ModelError, match="metadata is broken"):
        metadata.read(model)


@pytest.mark.parametrize("preprocessing", [CAFFE, TORCHVISION])
def test_affine_is_the_formula(preprocessing: Preprocessing) -> None:
    matrix, offset = preprocessing.affine()
    rgb = np.array([0.2, 0.5, 0.9])
    ordered = rgb if preprocessing.channel_order == "RGB" else rgb[::-1]
    expected = (preprocessing.scale * ordered - preprocessing.mean) / preprocessing.std
    np.testing.assert_allclose(matrix @ rgb + offset, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("order", "scale", "mean", "std"),
    [
        ("GBR", 1.0, (0, 0, 0), (1, 1, 1)),
        ("RGB", 0.0, (0, 0, 0), (1, 1, 1)),
        ("RGB", 1.0, (0, 0), (1, 1, 1)),
        ("RGB", 1.0, (0, 0, 0), (1, -1, 1)),
        ("RGB", 1.0, (0, float("inf"), 0), (1, 1, 1)),
    ],
)
def test_invalid_preprocessing_is_refused(order, scale, mean, std) -> None:
    with pytest.raises(ValueError):
        preprocessing_of(order, scale, mean, std)
