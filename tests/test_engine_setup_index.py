"""The way to a package index: its name and password, its certificates, and a proxy's answers."""

from __future__ import annotations

import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.wheel_index import Index, make_wheel

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.engine_setup import uv_program
from nst_client.engine_setup.cancelling import Cancelling
from nst_client.engine_setup.download import sha256
from nst_client.engine_setup.folders import Folders
from nst_client.engine_setup.network import failure_of, open_address
from nst_client.engine_setup.parts import RemoteFile
from nst_client.engine_setup.source import Source
from nst_client.engine_setup.uv_program import Uv
from nst_client.failure import Failure


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with a uv that prints its certificate settings."""
    code = b'#!/bin/sh\necho "$UV_SYSTEM_CERTS/$UV_NATIVE_TLS"\n'
    make_wheel(tmp_path / "index", "uv", "1.0", {"uv-1.0.data/scripts/uv": code})
    with Index(tmp_path / "index") as index:
        yield index


def with_password(index: Index, name: str = "her:se%40cret") -> str:
    return index.address.replace("://", f"://{name}@")


def obtain(index: Index, source: Source, folder: Path) -> Path:
    (wheel,) = index.folder.glob("uv-*.whl")
    file = RemoteFile(wheel.name, sha256(wheel), wheel.stat().st_size)
    return uv_program.obtain(file, Folders(folder), source, lambda there: None, Cancelling())


def test_the_index_gets_its_name_and_password(index: Index, tmp_path: Path) -> None:
    index.password = "her:se@cret"
    with pytest.raises(Failure, match="answers 401"):
        obtain(index, Source(index.address), tmp_path / "without")
    program = obtain(index, Source(with_password(index)), tmp_path / "data")
    assert program.read_bytes().startswith(b"#!")
    with Index(index.folder) as other:  # its password goes to no other server
        other.password = index.password
        opener = Source(with_password(index)).opener()
        with pytest.raises(Failure, match="answers 401"):
            open_address(opener, f"{other.address}/uv/", {})


@pytest.mark.parametrize(
    "source",
    [
        Source("ftp://her:secret@example.invalid"),
        Source(proxy="her:secret@example.invalid:8080"),
    ],
)
def test_no_message_about_a_source_shows_a_password(source: Source) -> None:
    with pytest.raises(Failure) as caught:
        source.check()
    assert "xample.invalid" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_message_about_the_network_shows_a_password(index: Index, tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"Cannot reach 127\.0\.0\.1:9: ") as caught:
        obtain(index, Source("http://her:secret@127.0.0.1:9/simple"), tmp_path / "data")
    assert "secret" not in str(caught.value)
    failure = failure_of(OSError("no route"), "https://her:secret@example.invalid/simple")
    assert str(failure).startswith("Cannot reach example.invalid: ")


def test_only_a_proxys_answer_is_one() -> None:
    address = "https://example.invalid/simple"
    refused = urllib.error.URLError("Tunnel connection failed: 407 Proxy Authentication Required")
    assert "asks for a name and a password" in str(failure_of(refused, address))
    other = urllib.error.URLError("no route to port 4071 after 407 tries")
    assert "Cannot reach example.invalid" in str(failure_of(other, address))


@pytest.mark.skipif(sys.platform == "win32", reason="uv is a script here")
@pytest.mark.parametrize(
    ("chosen", "printed"),
    [({}, "1/"), ({"UV_SYSTEM_CERTS": "0"}, "0/"), ({"UV_NATIVE_TLS": "0"}, "/0")],
)
def test_uv_uses_the_systems_certificates_unless_told_otherwise(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str], printed: str
) -> None:
    for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    source, folders = Source(index.address), Folders(tmp_path / "data")
    program = obtain(index, source, folders.root)
    with (folders.root / "lock").open("ab") as lock:
        uv = Uv(program, folders, source, Cancelling(), lock.fileno())
        assert uv.run("anything") == [printed]
