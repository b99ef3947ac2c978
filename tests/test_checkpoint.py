"""Damaged files of a saved state: each is refused in words, whatever the library below raises."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_onnx.errors import OptionError
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.support import disk_arrays

HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (8888,), }"
CENTRAL = b"PK\x01\x02"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    Checkpoint("print", {"level": 1}, {"best": np.arange(8888, dtype=np.float32)}).save(path)
    return path


def in_directory(offset: int) -> Callable[[bytes], bytes]:
    """Return what writes 99 into a field of the archive's first entry."""

    def damaged(content: bytes) -> bytes:
        place = content.index(CENTRAL) + offset
        return content[:place] + b"\x63" + content[place + 1 :]

    return damaged


def with_header(header: bytes) -> Callable[[bytes], bytes]:
    """Return what puts another header, of the same length, before the array."""

    def damaged(content: bytes) -> bytes:
        found = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(found, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                new.writestr(name, data.replace(HEADER, header.ljust(len(HEADER))))
        return found.getvalue()

    return damaged


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(in_directory(6), id="a version of the format that nobody has"),
        pytest.param(in_directory(10), id="a compression that nobody has"),
        pytest.param(with_header(HEADER[:-1]), id="a header that does not end"),
        pytest.param(
            with_header(HEADER.replace(b"False", b"0x").replace(b" ", b"")),
            id="a malformed number in the header",
        ),
        pytest.param(with_header(HEADER.replace(b"(8888,)", b"(8<<40,)")), id="an expression in the header"),
        pytest.param(with_header(HEADER.replace(b"'<f4'", b"'<U9'")), id="more than there is"),
        pytest.param(with_header(HEADER.replace(b"8888", b"1888")), id="less than there is"),
        pytest.param(with_header(HEADER.replace(b"'<f4'", b"'<f2'")), id="a smaller type"),
        pytest.param(with_header(HEADER.replace(b"'<f4'", b"'<U0'")), id="a type without bytes"),
        pytest.param(lambda content: content[: len(content) // 2], id="half of it"),
        pytest.param(lambda content: b"", id="nothing"),
    ],
)
def test_what_is_damaged_is_refused(state: Path, damaged: Callable[[bytes], bytes]) -> None:
    assert Checkpoint.load(state).facts == {"level": 1}
    content = damaged(state.read_bytes())
    assert content != state.read_bytes()
    state.write_bytes(content)
    with pytest.raises(OptionError, match="is not a saved state of nst-onnx, or is damaged"):
        Checkpoint.load(state)


def test_memory_is_not_taken_for_an_array_larger_than_its_file(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = HEADER.replace(b" ", b"").replace(b"(8888,)", b"(8888888,)")
    assert len(huge) <= len(HEADER)
    state.write_bytes(with_header(huge)(state.read_bytes()))
    asked: list[int] = []
    empty = disk_arrays.empty

    def noted(shape: tuple[int, ...], *given: Any, **named: Any) -> Any:
        asked.append(math.prod(shape))
        return empty(shape, *given, **named)

    monkeypatch.setattr(disk_arrays, "empty", noted)
    with pytest.raises(OptionError, match="damaged"):
        Checkpoint.load(state)
    assert asked == [1], "of the head only"


def test_a_sound_state_without_enough_memory_is_not_called_damaged(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: Any, **_named: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(disk_arrays, "empty", full)
    with pytest.raises(MemoryError):
        Checkpoint.load(state)
