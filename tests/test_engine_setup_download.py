"""Downloads of known files: resumed where they stopped, verified, and put in place only when right."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.full_disk import file_size_limit
from support.wheel_index import Index

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.engine_setup import download as downloading
from nst_client.engine_setup.cancelling import Cancelling
from nst_client.engine_setup.download import download
from nst_client.engine_setup.parts import RemoteFile
from nst_client.engine_setup.source import Source
from nst_client.failure import Cancelled, Failure

BODY = bytes(range(256)) * 2000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.setattr(downloading, "_PAUSE", 0.01)
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "tool.whl").write_bytes(BODY)
    with Index(folder) as index:
        yield index


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


FILE = RemoteFile("tool.whl", hashlib.sha256(BODY).hexdigest(), len(BODY))


def fetch(index: Index, downloads: Path, cancelling: Cancelling | None = None) -> tuple[Path, list[int]]:
    """Download FILE; return its path, and the sizes that were reported."""
    seen: list[int] = []
    address = index.address.replace("/simple", "/files/tool.whl")
    path = download(Source().opener(), address, FILE, downloads, seen.append, cancelling or Cancelling())
    return path, seen


def test_a_file_arrives_whole_and_is_not_asked_for_twice(index: Index, downloads: Path) -> None:
    path, seen = fetch(index, downloads)
    assert path.read_bytes() == BODY
    assert seen[-1] == len(BODY)
    assert fetch(index, downloads) == (path, [])
    assert len(index.asked) == 1


def test_what_is_there_is_not_asked_for_again(index: Index, downloads: Path) -> None:
    downloads.mkdir()
    (downloads / "tool.whl.part").write_bytes(BODY[:1000])
    path, seen = fetch(index, downloads)
    assert path.read_bytes() == BODY
    assert seen[0] == 1000
    assert index.asked == ["/files/tool.whl bytes=1000-"]


def test_a_server_that_sends_no_parts_sends_the_whole(index: Index, downloads: Path) -> None:
    index.ranges = False
    downloads.mkdir()
    (downloads / "tool.whl.part").write_bytes(b"x" * 1000)
    path, _ = fetch(index, downloads)
    assert path.read_bytes() == BODY


def test_connections_that_break_are_resumed(index: Index, downloads: Path) -> None:
    index.cut.add("tool.whl")
    with pytest.raises(Failure, match="Cannot reach"):
        fetch(index, downloads)  # four tries, each half of what is left
    assert len(index.asked) == 4
    assert (downloads / "tool.whl.part").stat().st_size == len(BODY) * 15 // 16
    assert not (downloads / "tool.whl").exists()
    index.cut.clear()
    assert fetch(index, downloads)[0].read_bytes() == BODY


def test_a_wrong_file_is_removed(index: Index, downloads: Path) -> None:
    index.damaged.add("tool.whl")
    with pytest.raises(Failure, match="not the one that was published"):
        fetch(index, downloads)
    assert list(downloads.iterdir()) == []


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_server_that_refuses(index: Index, downloads: Path, status: int) -> None:
    index.refused = status
    with pytest.raises(Failure, match=f"answers {status}"):
        fetch(index, downloads)


def test_cancelled(index: Index, downloads: Path) -> None:
    cancelling = Cancelling()
    cancelling.wish()
    with pytest.raises(Cancelled):
        fetch(index, downloads, cancelling)
    assert not (downloads / "tool.whl").exists()


def test_a_full_disk(index: Index, downloads: Path) -> None:
    with file_size_limit(100_000), pytest.raises(Failure, match=r"File too large|not enough room|too large"):
        fetch(index, downloads)
    assert not (downloads / "tool.whl").exists()
    assert fetch(index, downloads)[0].read_bytes() == BODY
