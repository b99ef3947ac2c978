"""Learned styles: their file, their names, and what damaged or foreign files come to."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pictures import smooth_picture

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.feedforward import gallery
from nst_onnx.feedforward.learned_style import LearnedStyle, StyleFacts
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.painting.learning import learn, shipped_photos
from nst_onnx.painting.network_choice import NetworkChoice, Networks
from nst_onnx.painting.options import LossOptions
from nst_onnx.runtime import choose


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter.load(catalogue.painter(), choose("cpu"))


@pytest.fixture
def style(painter: Painter) -> LearnedStyle:
    rng = np.random.default_rng(0)
    return LearnedStyle(
        StyleFacts("dunes", painter.digest, source="dunes.jpg", licence="mine"),
        rng.random(painter.statistics, np.float32),
        rng.normal(0, 0.1, painter.size).astype(np.float32),
        b"RIFF",
    )


def test_a_file_holds_all_of_it(style: LearnedStyle, tmp_path: Path) -> None:
    style.save(tmp_path / "dunes.nst")
    found = LearnedStyle.load(tmp_path / "dunes.nst")
    assert (tmp_path / "dunes.nst").stat().st_size <= 50_000
    assert (found.facts, found.thumbnail) == (style.facts, b"RIFF")
    assert np.array_equal(found.statistics, style.statistics)
    assert np.abs(found.correction - style.correction).max() < 1e-3
    style.save(tmp_path / "again.nst")
    assert LearnedStyle.load(tmp_path / "again.nst").facts == found.facts


def test_a_vector_is_the_prediction_and_the_correction(style: LearnedStyle, painter: Painter) -> None:
    for strength in (0.2, 0.5):
        expected = painter.predict(style.statistics, strength) + style.correction
        assert np.array_equal(style.vector(painter, strength), expected)


def test_a_style_of_another_painter(style: LearnedStyle, painter: Painter) -> None:
    other = replace(style, facts=replace(style.facts, painter="0" * 64))
    with pytest.raises(ModelError, match=r"dunes was learned for another version") as caught:
        other.vector(painter, 0.5)
    assert "nst-onnx learn" in caught.value.hint


def damaged(content: bytes, how: str) -> bytes:
    if how == "empty":
        return b""
    if how == "text":
        return b"no style"
    if how == "cut":
        return content[: len(content) // 2]
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if how == "a part missing":
        del arrays["correction"]
    elif how == "not finite":
        arrays["statistics"][3] = np.nan
    elif how == "another form":
        arrays["correction"] = arrays["correction"].reshape(2, -1)
    elif how == "foreign facts":
        arrays["facts"] = np.frombuffer(json.dumps({"name": 3}).encode(), np.uint8)
    elif how == "no facts":
        arrays["facts"] = np.frombuffer(b"\xff\xfe{", np.uint8)
    elif how == "objects":
        arrays["correction"] = np.array([{"a": 1}], dtype=object)
    elif how == "huge":
        arrays["correction"] = np.zeros(1 << 20, np.float32)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


@pytest.mark.parametrize(
    "how",
    [
        *("empty", "text", "cut", "a part missing", "not finite", "another form", "foreign facts"),
        *("no facts", "objects", "huge"),
    ],
)
def test_damaged_files_get_one_line(style: LearnedStyle, tmp_path: Path, how: str) -> None:
    path = tmp_path / "dunes.nst"
    style.save(path)
    path.write_bytes(damaged(path.read_bytes(), how))
    with pytest.raises(
        ModelError, match=r"dunes\.nst is (not a learned style, or is damaged|too large)"
    ) as caught:
        LearnedStyle.load(path)
    assert "\n" not in str(caught.value)


def test_no_flipped_bit_escapes(style: LearnedStyle, tmp_path: Path) -> None:
    path = tmp_path / "dunes.nst"
    style.save(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for place in rng.integers(len(content), size=300):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            LearnedStyle.load(path)
        except ModelError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("facts", [b"[" * 200_000, b"null", b"[]", b'{"name": "x"}'])
def test_hostile_facts(style: LearnedStyle, tmp_path: Path, facts: bytes) -> None:
    path = tmp_path / "dunes.nst"
    parts = {
        "statistics": style.statistics,
        "correction": style.correction,
        "thumbnail": np.zeros(0, np.uint8),
    }
    np.savez_compressed(tmp_path / "x.npz", **parts, facts=np.frombuffer(facts, np.uint8))
    (tmp_path / "x.npz").rename(path)
    with pytest.raises(ModelError, match=r"not a learned style|too large"):
        LearnedStyle.load(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        LearnedStyle.load(tmp_path / "none.nst")
    with pytest.raises(ModelError, match="is no file"):
        LearnedStyle.load(tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        gallery.find("~nobody-of-this-name/x.nst")
    with pytest.raises(ModelError, match="named by its path"):
        LearnedStyle.load(5)  # type: ignore[arg-type]


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.nst", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(ModelError, match="not a learned style"):
        LearnedStyle.load(tmp_path / "x.nst")


def test_names(style: LearnedStyle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert gallery.find("dunes") is None
    style.save(gallery.path_for("dunes"))
    assert "dunes" in gallery.files()
    found = gallery.find("dunes")
    assert found is not None
    assert found.name == "dunes"
    assert gallery.find(style) is style
    (tmp_path / "dunes").write_bytes(b"a picture of that name")
    assert gallery.find("dunes") is None
    assert gallery.find(b"dunes") is None
    (tmp_path / "dunes").unlink()
    (tmp_path / "dunes").mkdir()
    assert gallery.find("dunes") is not None
    (gallery.own_folder() / "My Style.nst").write_bytes(b"")
    assert "My Style" not in gallery.files()
    for name in ("", "../x", "A b", "x" * 65):
        with pytest.raises(OptionError, match="cannot be the name of a style"):
            gallery.path_for(name)


def test_every_shipped_style_can_be_used(painter: Painter) -> None:
    shipped = {name: path for name, path in gallery.files().items() if path.parent != gallery.own_folder()}
    assert len(shipped) >= 12
    for name, path in shipped.items():
        style = LearnedStyle.load(path)
        assert style.name == name
        assert path.stat().st_size <= 50_000
        assert np.isfinite(style.vector(painter, 0.5)).all()
        assert style.thumbnail[:3] == b"\xff\xd8\xff", "JPEG, which every reader of GTK knows"


def test_learning() -> None:
    """Fitted on the photos, the loss is lower than predicted; the same again, bit for bit."""
    painting = smooth_picture(64, 64, seed=3)
    networks, seen = Networks(NetworkChoice("compact", "cpu")), []
    photos = [smooth_picture(48, 64, seed=seed) for seed in (1, 2)]

    def once() -> LearnedStyle:
        return learn(
            networks,
            painting,
            "hills",
            LossOptions(),
            photos=photos,
            evaluations=4,
            report=lambda count, found: seen.append((count, found.best_loss)),
        )

    style = once()
    assert [count for count, _ in seen] == [1, 2, 3, 4]
    assert seen[-1][1] < seen[0][1]
    assert style.name == "hills"
    assert np.abs(style.correction).max() > 0
    assert np.array_equal(once().correction, style.correction)


def test_one_painting_and_a_name() -> None:
    networks, pictures = Networks(NetworkChoice("compact", "cpu")), [smooth_picture(32, 32, seed=0)] * 2
    with pytest.raises(OptionError, match="one painting, not from 2"):
        learn(networks, pictures, "x", LossOptions())  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="cannot be the name"):
        learn(networks, pictures[0], "A name", LossOptions())


def test_photos_ship() -> None:
    assert len(shipped_photos()) >= 3


def test_a_preset_is_refused() -> None:
    networks = Networks(NetworkChoice("compact", "cpu"))
    with pytest.raises(OptionError, match="preset gatys2015"):
        learn(networks, smooth_picture(32, 32, seed=0), "x", LossOptions(preset="gatys2015"))
