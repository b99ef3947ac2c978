"""Lines to messages and back."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx import errors
from nst_onnx.editors.worker.protocol import LONGEST_TEXT, Lines, ProtocolError, decode, encode, error_event


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(line: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(line)["id"], str)


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.integers(1, 9))
def test_lines_do_not_depend_on_how_the_bytes_come(lines: list[bytes], piece: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    cutter = Lines()
    cut = [line for at in range(0, len(data), piece) for line in cutter.feed(data[at : at + piece])]
    assert cut == [line for line in lines if line.strip()]


@given(st.integers(1, 60), st.integers(1, 200))
def test_a_long_line_is_one_error_and_the_next_is_whole(piece: int, length: int) -> None:
    longest = 20
    cutter = Lines(longest)
    data = b"x" * (longest + length) + b"\nshort\n"
    cut = [line for at in range(0, len(data), piece) for line in cutter.feed(data[at : at + piece])]
    assert isinstance(cut[0], ProtocolError)
    assert cut[1:] == [b"short"]


@given(st.text(), st.text())
def test_messages_are_one_line_of_ascii(key: str, value: str) -> None:
    line = encode({key: value})
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line) == {key: value}


def test_the_names_of_files_that_are_not_unicode_survive() -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    assert json.loads(encode({"path": name}))["path"] == name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PictureError("p", "h"), "picture"),
        (errors.OptionError("p", "h"), "option"),
        (errors.ModelError("p", "h"), "model"),
        (errors.DownloadError("p", "h"), "model"),
        (errors.GraphError("p", "h"), "model"),
        (errors.DeviceError("p", "h"), "device"),
        (errors.NstError("p", "h"), "internal"),
        (ProtocolError("p", "h"), "protocol"),
    ],
)
def test_every_error_has_a_code(error: errors.NstError, code: str) -> None:
    assert error_event(error, "7") == {"id": "7", "event": "error", "code": code, "message": "p", "hint": "h"}


def test_other_exceptions_are_told_on_one_line() -> None:
    event = error_event(ValueError("a\nb"))
    assert event["code"] == "internal"
    assert event["message"].endswith("ValueError: a b")
    assert error_event(MemoryError())["code"] == "device"


@given(st.sampled_from([errors.PictureError, ProtocolError]), st.integers(0, 3 * LONGEST_TEXT))
def test_long_messages_keep_both_of_their_ends(kind: type[errors.NstError], length: int) -> None:
    quoted = "x" * length
    said = f"cannot read {quoted}: too long"
    event = error_event(kind(said, f"try {quoted} later"))
    assert len(event["message"]) <= LONGEST_TEXT
    assert len(event["hint"]) <= LONGEST_TEXT
    assert event["message"].startswith("cannot read")
    assert event["message"].endswith(": too long")
    assert (event["message"] == said) == (len(said) <= LONGEST_TEXT)
