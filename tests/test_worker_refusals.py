"""A real worker process, sent what makes no sense: an error each, and the next request is served."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.editor import Worker, describe, picture

from nst_onnx.editors.worker.protocol import LONGEST_LINE, LONGEST_TEXT


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"options": {"strenght": 1}}, "option", "strenght"),
        ({"options": {"strength": 7}}, "option", "strength"),
        ({"options": {"strength": float("nan")}}, "option", "strength"),
        ({"options": {"preset": "nobody"}}, "option", "nobody"),
        ({"options": {"preset": 3}}, "option", "preset"),
        ({"options": {"preset": ["default"]}}, "option", "preset"),
        ({"options": {"size": 10**30}}, "option", "size"),
        ({"options": {"style_weights": [1, 2]}}, "option", "style_weights"),
        ({"options": {"content_layers": ["nowhere"]}}, "option", "nowhere"),
        ({"options": "all"}, "protocol", "options"),
        ({"options": {"content": 1, "self": 2}}, "option", "content"),
        ({"options": {"self": 2}}, "option", "self"),
        ({"options": {"resume": "/tmp/x.npz"}}, "option", "resume"),
        ({"options": {"content_weight": 10**400}}, "option", "finite"),
        ({"options": {"init": "bogus"}}, "option", "init"),
        ({"options": {"init": 5}}, "option", "init"),
        ({"options": {"init": "/nowhere/at all.png"}}, "picture", "/nowhere/at all.png"),
        ({"quality": "splendid"}, "option", "splendid"),
        ({"quality": ["good"]}, "option", "good"),
        ({"model": "nobody"}, "model", "nobody"),
        ({"model": 5}, "protocol", "model"),
        ({"model": "../x"}, "protocol", "absolute"),
        ({"model": ".."}, "protocol", "absolute"),
        ({"model": "pyproject.toml"}, "protocol", "absolute"),
        ({"model": "~nobody-of-that-name/x"}, "protocol", "absolute"),
        pytest.param({"model": "~/nowhere/x.onnx"}, "model", str(Path.home() / "nowhere"), id="home"),
        ({"model": "/nowhere/x.onnx"}, "model", "/nowhere/x.onnx"),
        ({"model": "x" * 5000}, "protocol", "absolute"),
        ({"device": "abacus"}, "device", "abacus"),
        ({"preview": {"seconds": -1}}, "protocol", "preview"),
        ({"preview": {"seconds": "often"}}, "protocol", "preview"),
        ({"preview": {"longest": float("inf")}}, "protocol", "preview"),
        ({"preview": {"longest": float("nan")}}, "protocol", "preview"),
        ({"preview": {"seconds": 10**400}}, "protocol", "preview"),
        ({"preview": {"type": "jpeg"}}, "protocol", "preview"),
        ({"styles": "one"}, "protocol", "styles"),
        ({"styles": []}, "option", "style"),
        ({"styles": ["/some/file.png"]}, "protocol", "style"),
        ({"styles": [{"path": "relative.png"}]}, "protocol", "absolute"),
        ({"styles": [{"path": "/nowhere/at all.png"}]}, "picture", "/nowhere/at all.png"),
        ({"styles": [{"path": "/" + "x" * 5000}]}, "picture", "style"),
        ({"styles": [{"path": "x" * 5000}]}, "protocol", "absolute"),
        ({"styles": [describe("s", picture(1, 1, 1)) | {"width": 10**4000}]}, "protocol", "too many"),
        ({"styles": [{"path": "/no\0where.png"}]}, "picture", "style"),
        ({"content": None}, "protocol", "content"),
        ({"content": {"path": str(Path(__file__).resolve())}}, "picture", "content"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    worker: Worker, fields: dict[str, Any], code: str, words: str
) -> None:
    request = {
        "content": worker.put("c", picture(16, 16, 1)),
        "styles": [worker.put("s", picture(16, 16, 2))],
    }
    event = worker.last_of(worker.send("stylize", **{**request, **fields}))
    for name in ("c", "s"):  # what the request did not name is its sender's
        (worker.folder / name).unlink(missing_ok=True)
    assert (event["event"], event["code"]) == ("error", code)
    assert words in event["message"]
    assert "Traceback" not in event["message"]
    assert len(event["message"]) <= LONGEST_TEXT


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/passwd", "a/b", "a\\b", "", ".", "..", ".hidden", "C:x", "nul\0", "x" * 300, "é", 7],
)
def test_names_that_lead_out_of_the_folder_are_refused(worker: Worker, name: Any) -> None:
    outside = worker.folder.parent / "outside"
    samples = picture(4, 4, 1)
    event = worker.last_of(worker.stylize({**describe("?", samples), "file": name}))
    assert event["code"] == "protocol"
    assert not outside.exists()
    (worker.folder / "style").unlink(missing_ok=True)


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "nothing"])
def test_only_plain_files_are_read(worker: Worker, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(48))
    trap = worker.folder / "trap"
    if kind == "link":
        trap.symlink_to(secret)
    elif kind == "folder":
        trap.mkdir()
    elif kind == "pipe":
        os.mkfifo(trap)
    event = worker.last_of(worker.stylize(describe("trap", picture(4, 4, 1))))
    assert event["code"] == "protocol"
    assert secret.exists()
    assert not trap.exists() or kind == "folder"
    if kind == "folder":
        trap.rmdir()


@pytest.mark.parametrize(
    "change",
    [
        {"width": 21},
        {"height": 15},
        {"channels": 4},
        {"channels": 5},
        {"channels": 0},
        {"type": "u16"},
        {"type": "f64"},
        {"type": None},
        {"width": -20},
        {"width": 0},
        {"width": 2.0},
        {"width": True},
        {"width": 10**9, "height": 10**9},
        {"space": "adobe"},
    ],
)
def test_pixels_that_are_not_as_described_are_refused(worker: Worker, change: dict[str, Any]) -> None:
    described = worker.put("pixels", picture(16, 20, 1)) | change
    event = worker.last_of(worker.stylize(described))
    assert event["code"] == "protocol", event


@pytest.mark.parametrize(
    "line",
    [
        b"rubbish",
        b"\xff\xfe\x00\x80",
        b"{",
        b"[1, 2]",
        b"null",
        b"3",
        b'{"id": "1"}',
        b'{"request": "models"}',
        b'{"id": 1, "request": "models"}',
        b'{"id": "", "request": "models"}',
        b'{"id": "1", "request": null}',
        b'{"id": "1", "request": "dance"}',
        b"[" * 100_000,
        b'{"id": "1", "request": "models", "more": ' + b"9" * 5000 + b"}",
        b"x" * (LONGEST_LINE + 1),
        b"x" * (3 * LONGEST_LINE),
    ],
    ids=lambda line: line[:12].decode("latin-1"),
)
def test_a_garbled_line_gets_one_error_and_the_next_is_understood(worker: Worker, line: bytes) -> None:
    worker.send_line(line)
    worker.send_line(b"")  # which says nothing
    ping = worker.send("ping")
    event = worker.event()
    assert (event["event"], event["code"]) == ("error", "protocol")
    assert worker.event() == {"id": ping, "event": "pong"}
