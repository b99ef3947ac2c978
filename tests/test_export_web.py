"""`nst-onnx export web`: models that compute the same from shared weights, and constants from the tables."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.external_data_helper import load_external_data_for_model
from support import exporter
from support.command import Outcome

from nst_onnx.errors import ModelError
from nst_onnx.objective.graphs import objective_model, statistics_model
from nst_onnx.objective.losses.normalisation import Layer, relative_by_area, relative_by_positions
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.objective_settings import balance, objective_settings
from nst_onnx.painting.options import Options
from nst_onnx.runtime import choose, open_session

LIMIT = 2_000_000  # bytes of all models, compressed: the page's first load


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    found: dict[str, bytes] = exporter.module("web.command").web_files()
    return found


@pytest.fixture(scope="module")
def constants(files: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["constants.json"])
    return found


def run(model: onnx.ModelProto, feeds: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return open_session(model, choose("cpu"), 1).run(feeds, names)


def test_models_compute_the_same_from_shared_weights(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(files["weights.bin"])
    network = Network.open("auto", "cpu", exact=True)
    terms = objective_settings(Options(), presets.find("default"), network.extractor).terms
    picture = np.random.default_rng(0).random((1, 3, 40, 56), np.float32)
    other = np.random.default_rng(1).random((1, 3, 40, 56), np.float32)
    names = list(terms.names)
    targets = run(statistics_model(network.extractor, terms), {"picture": other}, names)
    feeds = {"picture": picture, "coefficients": np.ones(len(names), np.float32)}
    feeds |= {f"target/{name}": value for name, value in targets.items()}
    cases = [
        ("statistics.onnx", statistics_model(network.extractor, terms), {"picture": picture}, names),
        ("objective.onnx", objective_model(network.extractor, terms), feeds, ["losses", "gradient"]),
    ]
    for name, original, fed, outputs in cases:
        moved = onnx.load_from_string(files[name])
        load_external_data_for_model(moved, str(tmp_path))
        expected, found = run(original, fed, outputs), run(moved, fed, outputs)
        for output in outputs:
            np.testing.assert_array_equal(found[output], expected[output])


def test_weights_are_stored_once_and_the_files_are_small(files: dict[str, bytes]) -> None:
    network = Network.open("auto", "cpu", exact=True)
    halves = network.extractor.size / 2  # of float32
    assert len(files["weights.bin"]) < 1.1 * halves
    assert len(files["statistics.onnx"]) + len(files["objective.onnx"]) < 0.1 * halves
    assert sum(len(gzip.compress(file)) for file in files.values()) < LIMIT


def test_weights_beyond_float16_are_refused() -> None:
    shared = exporter.module("web.shared_weights").SharedWeights("weights.bin")
    weight = onnx.numpy_helper.from_array(np.full((8, 4, 3, 3), 1 / 3, np.float32), "conv/kernel")
    graph = onnx.helper.make_graph([], "g", [], [], [weight])
    with pytest.raises(ModelError, match="conv/kernel are not float16"):
        shared.moved(onnx.helper.make_model(graph))


@pytest.mark.parametrize("normalisation", [relative_by_area, relative_by_positions])
def test_a_normalisation_as_data_is_the_same_function(normalisation: Callable[[Layer], float]) -> None:
    factor = exporter.module("web.factors").factor(normalisation, 96)
    rng = np.random.default_rng(2)
    for positions, pixels, energy in np.exp(rng.uniform(0, 14, (50, 3))):
        layer = Layer(96, float(positions), int(pixels), float(energy))
        assert factor(layer) == pytest.approx(normalisation(layer), rel=1e-6)


def test_a_normalisation_of_another_form_is_refused() -> None:
    with pytest.raises(ModelError, match="is no product of powers"):
        exporter.module("web.factors").factor(lambda layer: 1 / (1 + layer.energy), 16)


def test_the_constants_are_those_of_the_tables(constants: dict[str, Any]) -> None:
    preset = presets.find("default")
    assert constants["preset"]["steps"] == preset.steps
    assert constants["preset"]["minChange"] == preset.min_change
    assert [constants["balance"][percent] for percent in (0, 50, 73)] == [balance(p) for p in (0, 0.5, 0.73)]
    weights = {term["name"]: term["weight"] for term in constants["objectives"]["usual"]["terms"]}
    network = Network.open("auto", "cpu", exact=True)
    assert weights == objective_settings(Options(), preset, network.extractor).weights


def test_the_command_writes_the_files(nst: Callable[..., Outcome], tmp_path: Path) -> None:
    folder = tmp_path / "page" / "models"
    outcome = nst("export", "web", folder)
    assert outcome.code == 0, outcome.err
    constants = json.loads((folder / "constants.json").read_text())
    named = {*constants["files"].values(), "constants.json"}
    for level in constants["objectives"].values():
        named |= {file for pair in level["files"].values() for file in pair.values()}
        named |= {pruned["file"] for pruned in level["pruned"]}
    assert {path.name for path in folder.iterdir()} == named


def test_a_file_in_the_way_is_one_line(nst: Callable[..., Outcome], tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    outcome = nst("export", "web", blocked)
    assert outcome.code != 0
    assert "is a file" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert blocked.read_text() == ""
