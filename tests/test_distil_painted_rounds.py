from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image
from support import exporter, networks
from support.pictures import smooth_picture

from nst_onnx.errors import ModelError
from nst_onnx.models import vgg

painted_rounds = exporter.module("distil.painted_rounds")
Collection = exporter.module("distil.pictures").Collection

SIZE, COUNT = 24, 2


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painted_rounds, "STEPS", (3, 5))


def collections() -> tuple[Any, ...]:
    drawn = [np.asarray(smooth_picture(30, 34, seed)) for seed in range(4)]
    return Collection(tuple(drawn[:3]), 0.75), Collection((drawn[3],), 0.25)


def network(student: object) -> onnx.ModelProto:
    """The student is what the rounds hand on: here the seed of a random network."""
    return vgg.build(networks.vgg_weights(widths=(4, 5), seed=student), pooling="average")


def rounds(folder: Path, **settings: Any) -> Any:
    settings = {"count": COUNT, "size": SIZE, "device": "cpu", **settings}
    return painted_rounds.PaintedRounds(collections(), 16, folder, network, **settings)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_nothing_is_painted_before_the_first_round(tmp_path: Path) -> None:
    crops = rounds(tmp_path / "out")(0, None)
    assert (crops.side, [c.share for c in crops.collections]) == (16, [c.share for c in collections()])
    assert not list(tmp_path.iterdir())


def test_a_round_paints_with_the_student_as_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    source = rounds(tmp_path, share=0.4, told=told.append)
    one = source(1, 7)
    assert sorted(files(tmp_path)) == ["round-1/000.png", "round-1/001.png", "round-1/network.onnx"]
    assert onnx.load(tmp_path / "round-1" / "network.onnx") == network(7)
    assert [c.share for c in one.collections] == pytest.approx([*(0.6 * c.share for c in collections()), 0.4])
    pictures = one.collections[-1].pictures
    assert [max(picture.shape) for picture in pictures] == [SIZE] * COUNT
    for number, picture in enumerate(pictures):
        with Image.open(tmp_path / "round-1" / f"{number:03d}.png") as image:
            np.testing.assert_array_equal(picture, np.asarray(image))
    assert len(told) == 1
    assert str(tmp_path / "round-1") in told[0]


def test_a_later_round_learns_from_all_that_was_painted(tmp_path: Path) -> None:
    source = rounds(tmp_path)
    one, two = source(1, 7), source(2, 8)
    first, both = (crops.collections[-1].pictures for crops in (one, two))
    assert len(both) == 2 * COUNT
    for kept, picture in zip(first, both, strict=False):
        np.testing.assert_array_equal(kept, picture)
    assert len({picture.tobytes() for picture in both}) == len(both)
    # Later, with a student gone on, what lies there is taken as it is.
    before = files(tmp_path)
    again = source(1, None)
    assert files(tmp_path) == before
    for kept, picture in zip(first, again.collections[-1].pictures, strict=True):
        np.testing.assert_array_equal(kept, picture)


def test_painting_again_gives_the_same_files(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        rounds(tmp_path / folder)(1, 7)
    painted = files(tmp_path / "one")
    assert files(tmp_path / "other") == painted
    # What a run that was broken off left is painted over; what somebody else put there stays, unseen.
    (tmp_path / "other" / "round-1" / "001.png").write_bytes(b"half a picture")
    (tmp_path / "other" / "round-1" / "mine.png").write_bytes(b"no picture")
    rounds(tmp_path / "other")(1, 7)
    found = files(tmp_path / "other")
    assert found.pop("round-1/mine.png") == b"no picture"
    assert found == painted
    (tmp_path / "other" / "round-1" / "mine.png").unlink()
    rounds(tmp_path / "other", seed=1)(1, 7)
    assert all(files(tmp_path / "other")[name] != painted[name] for name in painted if name.endswith(".png"))


def test_missing_pictures_are_told(tmp_path: Path) -> None:
    source = rounds(tmp_path)
    with pytest.raises(ModelError, match=r"round-1 holds 0 of 2 pictures") as error:
        source(1, None)
    assert "--checkpoint" in str(error.value.hint)
    source(1, 7)
    (tmp_path / "round-1" / "001.png").unlink()
    with pytest.raises(ModelError, match=r"round-1 holds 1 of 2 pictures"):
        source(2, 8)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ModelError, match=r"round-1 cannot be written"):
        rounds(tmp_path / "taken")(1, 7)


def test_pictures_are_painted_in_many_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[dict[str, Any]] = []
    given: list[bytes] = []

    class Recorder:
        def __init__(self, path: Path, device: str) -> None:
            assert path.is_file()
            assert device == "cpu"

        def stylize(self, content: np.ndarray, style: np.ndarray, **options: Any) -> Image.Image:
            given.extend((content.tobytes(), style.tobytes()))
            ways.append(options)
            return Image.new("RGB", (1, 1))

    monkeypatch.setattr(painted_rounds, "Stylizer", Recorder)
    source = rounds(tmp_path, count=100)
    source(1, 7)
    assert len({way["seed"] for way in ways}) == 100
    assert {way["steps"] for way in ways} == set(painted_rounds.STEPS)
    assert {way["init"] for way in ways} == {"noise", "content"}
    assert {way["size"] for way in ways} == {SIZE}
    weights = sorted(way["content_weight"] for way in ways)
    low, high = painted_rounds.CONTENT_WEIGHTS
    assert low <= weights[0] < 1.5 * low < high / 1.5 < weights[-1] <= high
    last = collections()[1].pictures[0].tobytes()
    # The standard deviation of the number of 200 draws that hit a quarter is about 6.
    assert abs(given.count(last) - 50) < 30
    assert len(set(given)) == sum(len(c.pictures) for c in collections())
    source(2, 7)
    assert (given[200:], ways[100:]) != (given[:200], ways[:100])  # every round draws anew
