from __future__ import annotations

from pathlib import Path

import exporter
import independent
import numpy as np
import onnx
import onnxruntime
import pytest

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, metadata
from nst_onnx.models.metadata import CAFFE

compact = exporter.module("compact")

SHIPPED = exporter.ROOT / "model" / "compact.onnx"
ARRAYS = exporter.ROOT.parent / "shared" / "compact" / "compact.npz"


@pytest.fixture
def arrays() -> Path:
    if not ARRAYS.is_file():
        pytest.skip("the trained arrays (../shared/compact/compact.npz) are not here")
    return ARRAYS


def narrow_layers(seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    layers, inputs = {}, 3
    for name, outputs in (("conv1_1", 4), ("conv1_2", 5), ("conv2_1", 6)):
        kernel = rng.standard_normal((outputs, inputs, 3, 3)).astype(np.float32)
        layers[name] = kernel, rng.standard_normal(outputs).astype(np.float32)
        inputs = outputs
    return layers


def run(model: onnx.ModelProto, picture: np.ndarray) -> dict[str, np.ndarray]:
    """Features of an RGB picture H×W×3 in 0..1."""
    matrix, offset = CAFFE.affine()
    batch = (picture @ matrix.T + offset).transpose(2, 0, 1)[None].astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return {n: v[0] for n, v in zip(names, session.run(names, {"image": batch}), strict=True)}


def test_shipped_model_says_what_it_is() -> None:
    loaded = extractor.load(SHIPPED)
    assert loaded.facts.name == "compact"
    assert loaded.facts.preprocessing == CAFFE
    assert loaded.facts.content_layers == ("conv3_3",)
    assert loaded.facts.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv3_4")
    assert "VGG-19" in loaded.facts.source
    assert "CC BY 4.0" in loaded.facts.licence
    assert "distilled" in loaded.facts.licence
    assert len(loaded.facts.sha256) == 64


def test_shipped_model_has_the_form_of_the_contract() -> None:
    model = onnx.load(SHIPPED)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(o.domain, o.version) for o in model.opset_import]) == (8, [("", 17)])
    (picture,) = model.graph.input
    dims = picture.type.tensor_type.shape.dim
    assert picture.name == "image"
    assert [d.dim_value for d in dims] == [0, 3, 0, 0]  # 0: dynamic
    assert [o.name for o in model.graph.output] == [
        *("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        *("conv3_1", "conv3_2", "conv3_3", "conv3_4"),
    ]
    assert {n.op_type for n in model.graph.node} == {"Conv", "Relu", "AveragePool"}


@pytest.mark.parametrize("size", [(32, 48), (45, 31), (4, 4)])
def test_shipped_model_is_the_trained_network(arrays: Path, size: tuple[int, int]) -> None:
    with np.load(arrays) as stored:
        names = sorted({key.split("/")[0] for key in stored.files})
        layers = {n: (stored[f"{n}/kernel"].transpose(3, 2, 0, 1), stored[f"{n}/bias"]) for n in names}
    picture = np.random.default_rng(0).random((*size, 3))
    expected = independent.vgg(layers, "average")(picture)
    found = run(onnx.load(SHIPPED), picture)
    assert found.keys() == expected.keys()
    for name, feature in expected.items():
        assert np.abs(found[name] - feature).max() <= 2e-6 * np.abs(feature).max(), name


def test_shipped_model_can_be_made_again(arrays: Path) -> None:
    made, shipped = compact.build(compact.read(arrays)), onnx.load(SHIPPED)
    assert made.graph == shipped.graph
    assert metadata.read(made) == metadata.read(shipped)


def test_arrays_written_are_arrays_read(tmp_path: Path) -> None:
    layers = narrow_layers()
    compact.write(tmp_path / "network.npz", layers)
    read = compact.read(tmp_path / "network.npz")
    assert list(read.layers) == list(layers)
    for name, (kernel, bias) in layers.items():
        np.testing.assert_array_equal(read.layers[name][0], kernel)
        np.testing.assert_array_equal(read.layers[name][1], bias)


def test_a_built_network_computes_its_layers(tmp_path: Path) -> None:
    layers = narrow_layers()
    compact.write(tmp_path / "network.npz", layers)
    picture = np.random.default_rng(1).random((11, 14, 3))
    found = run(compact.build(compact.read(tmp_path / "network.npz")), picture)
    for name, feature in independent.vgg(layers, "average")(picture).items():
        assert np.abs(found[name] - feature).max() <= 2e-6 * np.abs(feature).max(), name


def test_what_is_no_network_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "network.npz"
    with pytest.raises(ModelError, match="cannot be read"):
        compact.read(file)
    file.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not an "):
        compact.read(file)
    np.savez(file, weights=np.zeros(3))
    with pytest.raises(ModelError, match="holds no layers"):
        compact.read(file)
    np.savez(file, **{"conv1_1/kernel": np.zeros((3, 3, 3, 8), np.float32)})
    with pytest.raises(ModelError, match="does not hold a network"):
        compact.read(file)
    layers = narrow_layers()
    layers["conv1_1"][0][0, 0, 0, 0] = np.nan
    compact.write(file, layers)
    with pytest.raises(ModelError, match="conv1_1 hold NaN"):
        compact.read(file)


def test_truncated_arrays_are_told_so(tmp_path: Path) -> None:
    file = tmp_path / "network.npz"
    compact.write(file, narrow_layers())
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(ModelError, match="is not an "):
        compact.read(file)
