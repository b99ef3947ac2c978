from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import exporter

from nst_onnx.errors import ModelError, OptionError

pictures = exporter.module("distil.pictures")


def save(path: Path, width: int, height: int, value: int) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.new("RGB", (width, height), (value, 0, 0)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them too small, and a file that is none."""
    save(tmp_path / "a" / "2.png", 40, 30, 2)
    save(tmp_path / "a" / "below" / "1.png", 100, 50, 1)
    save(tmp_path / "a" / "small.png", 40, 7, 3)
    (tmp_path / "a" / "notes.txt").write_text("not a picture")
    return tmp_path / "a"


def test_folder_in_the_order_of_names(folder: Path) -> None:
    (collection,) = pictures.read_collections([str(folder)], shortest=8, longest=50)
    assert collection.share == 1
    assert [p.shape for p in collection.pictures] == [(30, 40, 3), (25, 50, 3)]
    assert [p[0, 0, 0] for p in collection.pictures] == [2, 1]


def test_tar_holds_the_same(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pictures.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, arcname=".")
    expected = pictures.read_collections([str(folder)], shortest=8, longest=50)[0].pictures
    found = pictures.read_collections([str(archive)], shortest=8, longest=50)[0].pictures
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_shares_divide_what_is_left(folder: Path) -> None:
    source = str(folder)
    shares = [
        c.share for c in pictures.read_collections([source, f"{source}=0.4", source], shortest=8, longest=50)
    ]
    assert shares == pytest.approx([0.3, 0.4, 0.3])


def test_shares_must_add_up(folder: Path) -> None:
    for sources in ([f"{folder}=0.4"], [f"{folder}=0.7", f"{folder}=0.7"], [str(folder), f"{folder}=1"]):
        with pytest.raises(OptionError, match="do not add up to 1"):
            pictures.read_collections(sources, shortest=8, longest=50)
    with pytest.raises(OptionError, match="above 0 and at most 1"):
        pictures.read_collections([f"{folder}=-1"], shortest=8, longest=50)


def test_a_newcomer_gets_its_share_from_all() -> None:
    old = [
        pictures.Collection((np.full((2, 2, 3), n, np.uint8),), share) for n, share in enumerate((0.3, 0.7))
    ]
    newcomer = pictures.Collection((np.full((2, 2, 3), 9, np.uint8),), 0.2)
    *others, last = pictures.sharing(old, newcomer)
    assert last is newcomer
    assert [c.share for c in others] == pytest.approx([c.share * (1 - newcomer.share) for c in old])
    assert [c.pictures for c in others] == [c.pictures for c in old]
    assert sum(c.share for c in (*others, last)) == pytest.approx(1)


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere is neither a folder nor a tar archive"):
        pictures.read_collections([str(tmp_path / "nowhere")], shortest=8, longest=50)
    with pytest.raises(ModelError, match="holds no pictures of at least 200 pixels"):
        pictures.read_collections([str(folder)], shortest=200, longest=500)
    (folder / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(ModelError, match=r"broken\.png is not a picture"):
        pictures.read_collections([str(folder)], shortest=8, longest=50)
