"""Parsing of the memory limit, and the selection of memory-mapped arrays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_onnx.errors import OptionError
from nst_onnx.support import memory
from nst_onnx.support.memory import MIN_LIMIT, Memory, of_machine, parse


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [
        (2_000_000_000, 2_000_000_000),
        ("2000000000", 2_000_000_000),
        ("2GB", 2 << 30),
        ("2 gb", 2 << 30),
        ("2G", 2 << 30),
        ("2GiB", 2 << 30),
        (" 1.5 GiB ", 3 << 29),
        ("800M", 800 << 20),
        ("600000k", 600_000 << 10),
        ("1TB", 1 << 40),
        (MIN_LIMIT, MIN_LIMIT),
    ],
)
def test_sizes(size: int | str, bytes_: int) -> None:
    assert parse(size) == bytes_
    assert Memory.of(size) == Memory(bytes_)


@pytest.mark.parametrize(
    "size",
    ["", "GB", "two GB", "2 bananas", "-2GB", "2GBs", "2..5GB", "1e12", "inf", True, False, 2.5e30, None],
)
def test_invalid_sizes(size: Any) -> None:
    with pytest.raises(OptionError, match="max_memory must be a size like 2GB"):
        parse(size)


@pytest.mark.parametrize("size", [0, 1, MIN_LIMIT - 1, "511MB", "0.1GB", "0"])
def test_sizes_below_the_minimum(size: int | str) -> None:
    with pytest.raises(OptionError, match=rf"at least {MIN_LIMIT >> 20}MB"):
        parse(size)


def test_the_default_is_half_of_the_machines_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "of_machine", lambda: 6 << 30)
    assert Memory.of(None).limit == 3 << 30


def test_the_machines_memory_is_the_operating_systems() -> None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        pytest.skip("needs Linux's /proc")
    (total,) = (int(line.split()[1]) << 10 for line in meminfo.read_text().splitlines() if "MemTotal" in line)
    assert 0 < of_machine() <= total


@pytest.mark.skipif(sys.platform == "win32", reason="has no such groups")
def test_a_container_has_less_than_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of control groups, version 2 or 1; "max" is none, nor is one above the machine's."""
    group = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_CGROUPS", (str(tmp_path / "no such group"), str(group)))
    machine = of_machine()
    for text, expected in (("123456789\n", 123456789), ("max\n", machine), (str(1 << 62), machine)):
        group.write_text(text)
        assert of_machine() == expected


def test_large_arrays_are_memory_mapped() -> None:
    """The more memory there is, the more is held; an optimiser may have more than a picture."""
    small, large = Memory(MIN_LIMIT), Memory(4 * MIN_LIMIT)
    held = [size for size in range(0, MIN_LIMIT, 1 << 20) if small.holds(size)]
    assert held == list(range(0, max(held) + 1, 1 << 20))
    assert MIN_LIMIT // 100 < max(held) < MIN_LIMIT // 4
    assert large.holds(4 * max(held))
    assert not large.holds(max(held) * 4 + (4 << 20))
    assert small.holds_state(max(held))
    assert not small.holds_state(MIN_LIMIT)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_arrays_are_memory_mapped_beyond_the_limit(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Memory, "holds", lambda _, size: size <= 1200)
    for shape in ((10, 10, 3), (10, 11, 3), (20, 30, 3)):
        array = Memory(MIN_LIMIT).empty(shape, dtype)
        assert array.shape == shape
        assert array.dtype == dtype
        assert not array.any()
        assert isinstance(array, np.memmap) == (array.nbytes > 1200)
