"""Styles in an editor: used last, made of layers, in archives; and what a painting tells of them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import archives, style_shelf
from nst_client.failure import Failure
from nst_client.painted_name import painted_name
from nst_client.painting_record import PaintingRecord
from nst_client.style_files import as_engine_reads
from nst_client.style_shelf import KEPT, RECENT, StyleShelf, name_of


def _written(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(b"picture")
    return str(path)


def test_the_newest_styles_come_first_and_those_that_are_gone_do_not_come(tmp_path: Path) -> None:
    shelf = StyleShelf(tmp_path / "shelf")
    assert shelf.recent() == []
    first, second, third = (_written(tmp_path, f"{name}.png") for name in "abc")
    shelf.remember(first)
    shelf.remember(second, third)
    shelf.remember(first)
    assert shelf.recent() == [first, second, third]
    Path(second).unlink()
    assert StyleShelf(tmp_path / "shelf").recent() == [first, third]
    shelf.remember(*(_written(tmp_path, f"{number}.png") for number in range(2 * RECENT)))
    assert len(shelf.recent()) == RECENT


@pytest.mark.parametrize("damaged", [b"", b"{", b"[1, 2]", b"\xff", b"7"])
def test_a_damaged_list_is_an_empty_one(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "recent-styles.json").write_bytes(damaged)
    shelf = StyleShelf(tmp_path)
    assert shelf.recent() == []
    path = _written(tmp_path, "a.png")
    shelf.remember(path)
    assert shelf.recent() == [path]


def test_the_same_picture_is_written_once_and_keeps_its_name(tmp_path: Path) -> None:
    shelf, writes = StyleShelf(tmp_path), []

    def write(path: Path) -> None:
        writes.append(path)
        path.write_bytes(b"png")

    first = shelf.place("Sky: a/b", b"1", write)
    assert shelf.place("Sky: a/b", b"1", write) == first
    assert shelf.place("Sky: a/b", b"2", write) != first
    assert len(writes) == 2
    assert (first.suffix, name_of(first)) == (".png", "Sky a b")
    assert first.read_bytes() == b"png"
    assert first.name == "Sky a b.png"
    files = [path for path in (tmp_path / "styles").rglob("*") if path.is_file()]
    assert [path.suffix for path in files] == [".png", ".png"]


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        StyleShelf(tmp_path).place("a", b"1", write)
    assert list((tmp_path / "styles").iterdir()) == []


def test_old_pictures_make_room_but_not_the_styles_used_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style_shelf, "KEPT", 3)
    shelf = StyleShelf(tmp_path)
    used = shelf.place("used", b"used", lambda path: path.touch())
    shelf.remember(str(used))
    for number in range(6):
        shelf.place(str(number), b"%d" % number, lambda path: path.touch())
    names = [name_of(path) for path in (tmp_path / "styles").rglob("*.png")]
    assert len(names) == len([*(tmp_path / "styles").iterdir()]), "folders go with their pictures"
    assert "used" in names
    assert len(names) <= 4 < KEPT


def test_pictures_in_archives(tmp_path: Path) -> None:
    kra = tmp_path / "a.kra"
    with zipfile.ZipFile(kra, "w") as archive:
        archive.writestr("mergedimage.png", b"png")
    assert archives.merged_picture(kra) == b"png"
    learned = archives.thumbnail(ROOT / "nst_onnx" / "styles" / "breakers.nst")
    assert learned is not None
    assert learned[:3] == b"\xff\xd8\xff"
    assert archives.thumbnail(kra) is None
    (tmp_path / "b.kra").write_bytes(b"no archive")
    assert archives.merged_picture(tmp_path / "b.kra") is None
    assert archives.merged_picture(tmp_path / "none.kra") is None


def test_a_paintings_name_tells_style_and_strength() -> None:
    assert painted_name("Harbour", ["/s/whirl.jpg"], 0.5) == "whirl, strength 0.5 (Harbour)"
    two = painted_name("Sky", ["/s/a.b.png", "/s/layer.0123456789.png"], 1.0)
    assert two == "a.b + layer, strength 1 (Sky)"


def test_a_record_survives_and_what_is_none_is_not_one() -> None:
    record = PaintingRecord({"style": "/a.png", "strength": 0.25, "size": 0}, "7")
    assert PaintingRecord.decoded(record.encoded()) == record
    more = PaintingRecord({"style": "/a.png", "colour of the sky": 3}, "7")
    assert PaintingRecord.decoded(more.encoded()) == PaintingRecord({"style": "/a.png"}, "7")
    for wrong in (
        b"",
        b"[]",
        b"{}",
        b'{"settings": 1, "source": ""}',
        b"\xff",
        b'{"settings": {}, "source": 1}',
    ):
        assert PaintingRecord.decoded(wrong) is None


def test_a_drawing_becomes_a_picture_on_the_shelf_again_when_it_has_changed(tmp_path: Path) -> None:
    shelf, drawing = StyleShelf(tmp_path / "shelf"), tmp_path / "drawing.kra"
    converted: list[Path] = []

    def by_editor(path: Path, png: Path) -> None:
        converted.append(path)
        png.write_bytes(path.read_bytes())

    def engine_reads(path: Path) -> Path:
        return as_engine_reads(path, shelf, (".xcf",), by_editor)

    for content in (b"first", b"the second"):
        with zipfile.ZipFile(drawing, "w") as archive:
            archive.writestr("mergedimage.png", content)
        found = engine_reads(drawing)
        assert (found.suffix, found.read_bytes()) == (".png", content)
        assert engine_reads(drawing) == found
    other = tmp_path / "Other.XCF"
    other.write_bytes(b"layers")
    assert engine_reads(other).read_bytes() == b"layers"
    assert engine_reads(other) == engine_reads(other)
    assert converted == [other]
    assert engine_reads(tmp_path / "photo.jpg") == tmp_path / "photo.jpg"


def test_a_drawing_without_a_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "drawing.ora").write_bytes(b"no archive")
    with pytest.raises(Failure, match=r"There is no picture in .*drawing\.ora"):
        as_engine_reads(tmp_path / "drawing.ora", StyleShelf(tmp_path / "shelf"), (), lambda *_: None)
    with pytest.raises(Failure, match="cannot be stored"):
        as_engine_reads(tmp_path / "gone.kra", StyleShelf(tmp_path / "shelf"), (), lambda *_: None)
