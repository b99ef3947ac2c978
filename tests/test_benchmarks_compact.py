"""The compact network's benchmark: the distances, held against numpy, and a whole small run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import independent, networks, weight_files
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))


from benchmarks import compact, distances
from benchmarks.judge import grain

pytestmark = pytest.mark.filterwarnings("ignore::nst_onnx.models.kernel_layout.ModelWarning")
LAYERS = networks.vgg_weights(widths=(6, 8, 10)).layers


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return weight_files.write_npz(tmp_path / "teacher.npz", LAYERS)


def picture(seed: int, height: int = 22, width: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def test_distances_are_those_of_the_published_formulas(teacher: Path) -> None:
    judged = distances.Teacher(teacher)
    one, other = picture(1), picture(2, 18, 26)
    seen = independent.vgg(LAYERS, "average")
    features, style = seen(one), seen(other)

    def gram(value: np.ndarray) -> np.ndarray:
        return np.einsum("chw,dhw->cd", value, value) / value[0].size

    found = distances.style_distances(judged.features(one), judged.features(other))
    for name, distance in found.items():
        mine, theirs = gram(features[name]), gram(style[name])
        assert distance == pytest.approx(np.sum((mine - theirs) ** 2) / np.sum(theirs**2), rel=1e-4)
    nearer = picture(3)
    wanted = seen(nearer)[distances.CONTENT_LAYER]
    content = np.sum((features[distances.CONTENT_LAYER] - wanted) ** 2) / np.sum(wanted**2)
    assert distances.content_distance(judged.features(one), judged.features(nearer)) == pytest.approx(
        content, rel=1e-4
    )


def test_a_picture_is_no_distance_from_itself(teacher: Path) -> None:
    seen = distances.Teacher(teacher).features(picture(1))
    assert set(distances.style_distances(seen, seen).values()) == {0.0}
    assert distances.content_distance(seen, seen) == 0


def test_flat_regions_have_the_smallest_gradients() -> None:
    half = np.full((80, 120, 3), 0.5, np.float32)
    half[:, 60:] = picture(4, 80, 60)
    flat = grain.flat(half)
    assert flat.mean() >= grain.FLAT
    assert not flat[:, 60:].any()


def test_grain_grows_with_the_square_of_noise_and_a_smooth_picture_has_none() -> None:
    everywhere = np.ones((60, 60), bool)
    smooth = np.full((60, 60, 3), 0.4, np.float32)
    noise = np.random.default_rng(5).standard_normal(smooth.shape).astype(np.float32)
    weak, strong = (grain.grain(smooth + noise * size, everywhere) for size in (0.01, 0.03))
    assert grain.grain(smooth, everywhere) == pytest.approx(0, abs=1e-9)
    assert strong / weak == pytest.approx(9, rel=1e-3)


def test_grain_counts_in_the_given_places_only() -> None:
    half = np.full((60, 60, 3), 0.4, np.float32)
    half[:, 30:] += picture(6, 60, 30)
    left = np.zeros((60, 60), bool)
    left[:, :20] = True
    assert grain.grain(half, left) == pytest.approx(0, abs=1e-9)
    assert grain.grain(half, ~left) > 1


def test_a_run_writes_a_table_data_and_a_sheet(teacher: Path, tmp_path: Path) -> None:
    """With a network that is its own teacher both columns must agree."""
    photo = tmp_path / "photo.png"
    Image.fromarray(np.rint(picture(7) * 255).astype(np.uint8)).save(photo)
    pairs = f"harbour+whirl,{photo}+{compact.PAIRS[0].style}"
    words = [str(teacher), "--model", str(teacher), "--pairs", pairs, "--size", "32", "--device", "cpu"]
    compact.main([*words, "--output", str(tmp_path / "out")])
    found = json.loads((tmp_path / "out" / "compact.json").read_text())
    assert [record["pair"] for record in found["pairs"]] == ["harbour+whirl", "photo+whirl"]
    for record in found["pairs"]:
        for what in ("style", "content", "grain"):
            assert record["compact"][what] == record["teacher"][what]
        assert 0 < record["compact"]["style"]["conv1_1"] < 1
    table = (tmp_path / "out" / "compact.md").read_text()
    assert all(text in table for text in ("harbour+whirl", "photo+whirl", "**mean**", "1.00"))
    with Image.open(tmp_path / "out" / "compact.jpg") as sheet:
        assert sheet.width > 4 * 32


def test_there_are_a_dozen_pairs_and_their_pictures() -> None:
    assert len(set(compact.PAIRS)) == len(compact.PAIRS) >= 12
    assert all(pair.content.is_file() and pair.style.is_file() for pair in compact.PAIRS)
