"""Memory-mapped arrays: initial zeros, no file left, no resident pages after release; and the array pool."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.errors import NstError
from nst_onnx.support import disk_arrays

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's /proc")


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize(
    ("shape", "dtype"), [((7, 5, 3), np.float32), ((11,), np.float64), ((2, 3), np.uint16)]
)
def test_zeros_at_first_then_what_is_written(shape: tuple[int, ...], dtype: type, on_disk: bool) -> None:
    array = disk_arrays.empty(shape, dtype, on_disk=on_disk)
    assert array.shape == shape
    assert array.dtype == dtype
    assert isinstance(array, np.memmap) == on_disk
    assert not array.any()
    values: np.ndarray = np.arange(array.size, dtype=dtype).reshape(shape)
    array[...] = values
    disk_arrays.release(array)
    np.testing.assert_array_equal(array, values)


def test_empty_arrays_are_in_memory() -> None:
    assert disk_arrays.empty((3, 0, 2), on_disk=True).shape == (3, 0, 2)


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def test_a_pool_recycles_freed_buffers() -> None:
    pool = disk_arrays.ArrayPool((5, 7), on_disk=False)
    first, second = pool.empty(), pool.empty()
    assert first.shape == second.shape == (5, 7)
    assert first.dtype == second.dtype == np.float32
    places = {address(first), address(second)}
    assert len(places) == 2
    first[...], second[...] = 1, 2
    del second
    third = pool.empty()
    assert {address(first), address(third)} == places
    third[...] = 3
    np.testing.assert_array_equal(first, 1)


def test_a_pool_does_not_recycle_a_buffer_with_a_view() -> None:
    pool = disk_arrays.ArrayPool((4, 6), on_disk=False)
    view = pool.empty().reshape(-1)[::2].reshape(3, 4)[1:]
    view[...] = 5
    others = [pool.empty() for _ in range(3)]
    for other in others:
        other[...] = 0
    np.testing.assert_array_equal(view, 5)
    del view
    assert address(pool.empty()) not in [address(other) for other in others]


def test_a_pool_on_disk_returns_memory_mapped_arrays() -> None:
    pool = disk_arrays.ArrayPool((4, 6), on_disk=True)
    one, other = pool.empty(), pool.empty()
    assert isinstance(one, np.memmap)
    one[...], other[...] = 1, 2
    np.testing.assert_array_equal(one, 1)


def test_a_buffer_may_outlive_its_pool() -> None:
    array = disk_arrays.ArrayPool((1000,), on_disk=False).empty()
    array[...] = 7
    others = [np.zeros(1000, np.float32) for _ in range(4)]
    np.testing.assert_array_equal(array, 7)
    assert not any(other.any() for other in others)


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = disk_arrays.empty((100, 100), on_disk=True)
    if os.name == "posix":  # no name, even while it is in use: killed programs leave nothing, either
        assert list(tmp_path.iterdir()) == []
    del array
    assert list(tmp_path.iterdir()) == []


def resident(array: np.ndarray) -> int:
    """How many bytes of the file that holds an array are in this process's memory."""
    start, found, inside = address(array), 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        head = line.split()
        if "-" in head[0] and ":" not in head[0]:
            low, high = (int(n, 16) for n in head[0].split("-"))
            inside = low <= start < high
        elif inside and head[0] == "Rss:":
            found += int(head[1]) << 10
    return found


@linux
def test_released_pages_are_not_resident() -> None:
    """Of views as well; and comes back as it was."""
    array = disk_arrays.empty((4, 1 << 20), on_disk=True)
    array[...] = 7
    assert resident(array) >= array.nbytes
    disk_arrays.release(array[1:3, ::2].reshape(2, -1), array.T)
    assert resident(array) < 1 << 16
    assert (array == 7).all()


def test_arrays_in_memory_are_left_alone(tmp_path: Path) -> None:
    """And so are changes to a file that is only read, which are nowhere else."""
    plain = np.arange(10.0)
    np.save(tmp_path / "a.npy", plain)
    private = np.load(tmp_path / "a.npy", mmap_mode="c")
    private[3] = -1
    disk_arrays.release(plain, plain[2:], private, private[1:], np.float32(3))  # type: ignore[arg-type]
    np.testing.assert_array_equal(plain, np.arange(10.0))
    assert private[3] == -1


@given(st.integers(0, 5000), st.integers(0, 200))
def test_strips_partition_a_picture(height: int, row_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk_arrays, "STRIP_BYTES", 1000)
        found = list(disk_arrays.strips(height, row_bytes))
    assert [row for strip in found for row in range(height)[strip]] == list(range(height))
    for strip in found:
        rows = strip.stop - strip.start
        assert rows == 1 or rows * row_bytes <= 1000
    if row_bytes and len(found) > 1:
        assert (found[0].stop + 1) * row_bytes > 1000


@pytest.mark.parametrize("count", [1, 5])
def test_chunks_of_several_vectors_share_the_strip_size(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_arrays, "STRIP_BYTES", 400)
    found = list(disk_arrays.chunks(333, count))
    assert [i for piece in found for i in range(333)[piece]] == list(range(333))
    assert found[0].stop * count * 4 == 400


def test_a_full_disk_is_told() -> None:
    """A real failure: the process may not write files of more than 1000 bytes."""
    resource = pytest.importorskip("resource", reason="the system has no limit on file sizes")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(NstError, match=r"no room on the disk .*\(5 MB: ") as caught:
            disk_arrays.empty((5, 1 << 18), on_disk=True)
        assert disk_arrays.empty((5, 5), on_disk=True).shape == (5, 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "TMPDIR" in caught.value.hint


def test_no_folder_for_temporary_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(NstError, match=r"no such file") as caught:
        disk_arrays.empty((5, 5), on_disk=True)
    assert "TMPDIR" in caught.value.hint
