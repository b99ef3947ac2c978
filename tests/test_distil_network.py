from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import exporter, independent, networks

from nst_onnx import Stylizer
from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, metadata, vgg
from nst_onnx.models.metadata import CAFFE, TORCHVISION
from nst_onnx.models.weights import DEPTHS, LICENCE, Weights, layer_names

compact = exporter.module("distil.network")
Teacher = compact.Teacher

SHIPPED = exporter.ROOT / "model" / "compact.onnx"
LAYERS = layer_names(DEPTHS["vgg19"][:3])
STYLE, CONTENT = vgg.default_layers(LAYERS)
BYTES = 2_000_000  # that the shipped file may have, at most
MULTIPLY_ADDS = 40_000  # that it may need for a pixel of the picture

Layers = dict[str, tuple[np.ndarray, np.ndarray]]
ReadOuts = dict[str, np.ndarray]


def narrow(seed: int = 0) -> tuple[Layers, ReadOuts]:
    """Random layers and read-outs of the shipped network's shape, with a few channels."""
    layers = networks.vgg_weights(widths=(4, 5, 6), seed=seed).layers
    rng = np.random.default_rng(seed)
    sides = {name: len(layers[name][1]) for name in (*STYLE, *CONTENT)}
    return layers, {
        name: rng.standard_normal((side, side)).astype(np.float32) for name, side in sides.items()
    }


@pytest.fixture(params=["shipped", "built"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The network that ships, and one that is built here: what holds for one holds for the other."""
    if request.param == "shipped":
        return SHIPPED
    onnx.save(
        compact.build(*narrow(), teacher=replace(compact.VGG19, sha256="0123456789abcdef" * 4)),
        tmp_path / "built.onnx",
    )
    return tmp_path / "built.onnx"


def stored(path: Path) -> tuple[Layers, ReadOuts]:
    """Layers and read-outs straight from a file's initializers, float64."""
    tensors = {t.name: t for t in onnx.load(path).graph.initializer}
    arrays = {name: numpy_helper.to_array(tensor).astype(np.float64) for name, tensor in tensors.items()}
    layers = {n: (arrays.pop(f"{n}/kernel/half"), arrays.pop(f"{n}/bias/half")) for n in LAYERS}
    read_outs = {name.removesuffix("/read_out/half"): array[:, :, 0, 0] for name, array in arrays.items()}
    return layers, read_outs


def run(model: onnx.ModelProto, picture: np.ndarray) -> dict[str, np.ndarray]:
    """Features of an RGB picture H×W×3 in 0..1."""
    matrix, offset = CAFFE.affine()
    batch = (picture @ matrix.T + offset).transpose(2, 0, 1)[None].astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return {n: v[0] for n, v in zip(names, session.run(names, {"image": batch}), strict=True)}


def expected(layers: Layers, read_outs: ReadOuts, picture: np.ndarray) -> dict[str, np.ndarray]:
    """What the layers make of a picture, with the read-outs applied to those that have one."""
    features = independent.vgg(layers, "average")(picture)
    return {
        name: np.einsum("oc,chw->ohw", read_outs[name].astype(np.float64), f) if name in read_outs else f
        for name, f in features.items()
    }


def halved(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16).astype(np.float32)


def multiply_adds(model: onnx.ModelProto) -> float:
    """Return how many products the convolutions take for one pixel of the picture, from the graph alone."""
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    positions, total = {"image": 1.0}, 0.0  # of a tensor, for each of the picture's
    for node in model.graph.node:
        if node.op_type == "Cast":
            shapes[node.output[0]] = shapes[node.input[0]]
            continue
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        positions[node.output[0]] = positions[node.input[0]] / np.prod(attributes.get("strides", [1]))
        if node.op_type == "Conv":
            total += positions[node.output[0]] * np.prod(shapes[node.input[1]])
    return total


def test_the_model_says_what_it_is(file: Path) -> None:
    loaded = extractor.load(file)
    assert loaded.facts.name == compact.NAME == "compact"
    assert loaded.facts.preprocessing == CAFFE
    assert (loaded.facts.style_layers, loaded.facts.content_layers) == (STYLE, CONTENT)
    assert "VGG-19" in loaded.facts.source
    assert loaded.facts.source.endswith(LAYERS[-1])
    assert "CC BY 4.0" in loaded.facts.licence
    assert "distilled" in loaded.facts.licence
    assert len(bytes.fromhex(loaded.facts.sha256)) == 32


def test_the_model_has_the_form_of_the_contract(file: Path) -> None:
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(o.domain, o.version) for o in model.opset_import]) == (8, [("", 17)])
    (picture,) = model.graph.input
    assert picture.name == "image"
    assert [d.dim_value for d in picture.type.tensor_type.shape.dim] == [0, 3, 0, 0]  # 0: dynamic
    assert [o.name for o in model.graph.output] == LAYERS
    assert list(extractor.load(file).layers) == LAYERS
    assert {n.op_type for n in model.graph.node} == {"Conv", "Relu", "AveragePool", "Cast"}
    assert {t.data_type for t in model.graph.initializer} == {TensorProto.FLOAT16}
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)


def test_layers_that_are_looked_at_have_read_outs(file: Path) -> None:
    layers, read_outs = stored(file)
    assert read_outs.keys() == {*STYLE, *CONTENT}
    for name, matrix in read_outs.items():
        assert matrix.shape == (len(layers[name][1]),) * 2


@pytest.mark.parametrize("size", [(32, 48), (45, 31), (4, 4)])
def test_the_model_computes_what_its_initializers_say(file: Path, size: tuple[int, int]) -> None:
    """Held against float64: the layers of the file itself, as a VGG, and its read-outs applied to them."""
    picture = np.random.default_rng(0).random((*size, 3))
    wanted = expected(*stored(file), picture)
    found = run(onnx.load(file), picture)
    assert found.keys() == wanted.keys()
    for name, feature in wanted.items():
        assert np.abs(found[name] - feature).max() <= 2e-6 * np.abs(feature).max(), name


def test_the_model_can_be_made_again_from_what_is_read_of_it(file: Path) -> None:
    model, facts = onnx.load(file), extractor.load(file).facts
    made = compact.build(
        *compact.read(file),
        preprocessing=facts.preprocessing,
        teacher=replace(compact.VGG19, sha256=facts.sha256),
    )
    assert made.graph == model.graph
    assert metadata.read(made) == metadata.read(model)


def test_the_shipped_model_is_small_and_quick() -> None:
    assert SHIPPED.stat().st_size <= BYTES
    assert multiply_adds(onnx.load(SHIPPED)) <= MULTIPLY_ADDS


def test_multiply_adds_are_counted_right() -> None:
    """Against a count by hand: 3×3 kernels of 3·4 and 4·4 channels, a quarter as often 4·5, and 5·5 mixed."""
    layers = {name: narrow()[0][name] for name in LAYERS[:3]}
    model = compact.build(layers, {"conv2_1": np.eye(5, dtype=np.float32)})
    assert multiply_adds(model) == 9 * (3 * 4 + 4 * 4) + (9 * 4 * 5 + 5 * 5) / 4


def test_what_is_built_is_what_was_given_in_float16(tmp_path: Path) -> None:
    layers, read_outs = narrow()
    file = tmp_path / "built.onnx"
    onnx.save(compact.build(layers, read_outs), file)
    read, mixing = compact.read(file)
    assert list(read) == list(layers)
    assert list(mixing) == [name for name in LAYERS if name in read_outs]
    for name, pair in layers.items():
        for found, given in zip(read[name], pair, strict=True):
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, halved(given))
    for name, matrix in mixing.items():
        np.testing.assert_array_equal(matrix, halved(read_outs[name]))
    picture = np.random.default_rng(1).random((11, 14, 3))
    found, wanted = run(onnx.load(file), picture), expected(read, mixing, picture)
    for name, feature in wanted.items():
        assert np.abs(found[name] - feature).max() <= 2e-6 * np.abs(feature).max(), name


def test_layers_without_read_outs_give_what_their_relus_give(tmp_path: Path) -> None:
    layers, read_outs = narrow()
    plain, mixed = compact.build(layers, {}), compact.build(layers, read_outs)
    assert [o.name for o in plain.graph.output] == [o.name for o in mixed.graph.output]
    picture = np.random.default_rng(1).random((11, 14, 3))
    one, other = run(plain, picture), run(mixed, picture)
    for name in LAYERS:
        assert np.array_equal(one[name], other[name]) == (name not in read_outs), name
    onnx.save(plain, tmp_path / "plain.onnx")
    assert compact.read(tmp_path / "plain.onnx")[1] == {}


def test_preprocessing_and_teacher_are_kept() -> None:
    teacher = replace(compact.VGG19, sha256="ab" * 32)
    facts = metadata.read(compact.build(*narrow(), preprocessing=TORCHVISION, teacher=teacher))
    assert facts is not None
    assert (facts.preprocessing, facts.sha256) == (TORCHVISION, "ab" * 32)


@pytest.mark.parametrize(("name", "title"), [("vgg19", "VGG-19"), ("vgg16", "VGG-16")])
def test_a_published_teacher_is_named_with_its_licence(name: str, title: str) -> None:
    weights = Weights(name, {}, TORCHVISION, "a.npz", LICENCE, "cd" * 32)
    facts = metadata.read(compact.build(*narrow(), teacher=Teacher.of(weights)))
    assert facts is not None
    assert f"from {title} (Simonyan and Zisserman 2014)" in facts.source
    assert facts.licence.startswith(LICENCE)
    assert facts.sha256 == "cd" * 32


def test_a_teacher_of_ones_own_is_named_by_its_file_and_lends_no_licence() -> None:
    weights = Weights("mine", {}, TORCHVISION, "mine.npz", "", "ef" * 32)
    facts = metadata.read(compact.build(*narrow(), teacher=Teacher.of(weights)))
    assert facts is not None
    assert "from mine.npz up to" in facts.source
    assert "Simonyan" not in facts.source
    assert facts.licence == ""


def first_and_last(path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the losses of the first and of the last evaluation of a small picture."""
    content, style = (np.random.default_rng(seed).random((20, 24, 3)) for seed in (0, 1))
    painted = Stylizer(path, "cpu", threads=1).stylize(
        content, style, size=24, steps=4, style_statistic="gram"
    )
    return painted.history[0], painted.history[-1]


def test_it_can_be_painted_with(file: Path) -> None:
    first, last = first_and_last(file)
    assert last["total"] < first["total"]


def test_rotated_channels_paint_as_well_and_mixed_ones_paint_otherwise(tmp_path: Path) -> None:
    """Distances of Gram matrices do not see a rotation: read-outs that only rotate are as good as none."""
    layers, mixing = narrow()
    rotations = {name: np.linalg.qr(matrix)[0] for name, matrix in mixing.items()}
    style = []
    for number, read_outs in enumerate(({}, rotations, mixing)):
        path = tmp_path / f"{number}.onnx"
        onnx.save(compact.build(layers, read_outs), path)
        style.append(first_and_last(path)[0]["style"])
    plain, rotated, mixed = style
    assert rotated == pytest.approx(plain, rel=3e-3)  # float16 keeps eleven bits of a rotation
    assert mixed != pytest.approx(plain, rel=3e-2)


def test_files_that_are_no_network_are_rejected(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    with pytest.raises(ModelError, match="does not exist"):
        compact.read(file)
    file.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not an ONNX model"):
        compact.read(file)
    layers, read_outs = narrow()
    whole = compact.build(layers, read_outs).SerializeToString()
    file.write_bytes(whole[:-200])
    with pytest.raises(ModelError, match=r"network\.onnx"):
        compact.read(file)
    model = networks.squeezenet()
    metadata.stamp(model, metadata.Facts("other", CAFFE))
    onnx.save(model, file)
    with pytest.raises(ModelError, match="has no VGG layers") as error:
        compact.read(file)
    assert "export distill" in str(error.value.hint)
    layers["conv1_1"][0][0, 0, 0, 0] = np.nan
    with pytest.raises(ModelError, match="conv1_1 hold NaN"):
        compact.build(layers, read_outs)
