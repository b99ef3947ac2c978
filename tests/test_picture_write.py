from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.full_disk import file_size_limit

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.picture import check_writable, read, write
from nst_onnx.picture.colour_management import srgb_profile

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).random((9, 21, 3), dtype=np.float32)


@pytest.fixture
def alpha() -> np.ndarray:
    alpha = np.random.default_rng(1).random((9, 21), dtype=np.float32)
    alpha[:3] = 0
    return alpha


@pytest.fixture
def smooth() -> np.ndarray:
    down, across = np.mgrid[0:64, 0:96].astype(np.float32)
    return np.stack([down / 63, across / 95, 1 - down / 126], axis=-1)


def folder_of(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


# What arrives


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".PNG"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_lossless_formats_round_to_their_bits(tmp_path, rgb, alpha, suffix, bits, with_alpha):
    path = tmp_path / f"out{suffix}"
    write(path, rgb, alpha=alpha if with_alpha else None, bits=bits)
    picture = read(path)
    half_step = 0.5 / (2**bits - 1) + 1e-7
    np.testing.assert_allclose(picture.rgb, rgb, atol=half_step)
    assert picture.bits == bits
    if with_alpha:
        np.testing.assert_allclose(picture.alpha, alpha, atol=half_step)
    else:
        assert picture.alpha is None
    write(tmp_path / f"again{suffix}", picture.rgb, alpha=picture.alpha, bits=bits)
    assert (tmp_path / f"again{suffix}").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_formats_are_close(tmp_path, smooth, suffix):
    write(tmp_path / f"out{suffix}", smooth)
    assert np.abs(read(tmp_path / f"out{suffix}").rgb - smooth).mean() < 0.01


def test_webp_keeps_alpha_and_the_colours_under_it(tmp_path, smooth):
    alpha = np.zeros((64, 96), np.float32)
    alpha[:, 48:] = 1
    write(tmp_path / "out.webp", smooth, alpha=alpha)
    picture = read(tmp_path / "out.webp")
    np.testing.assert_allclose(picture.alpha, alpha, atol=1e-6)
    assert np.abs(picture.rgb - smooth)[:, :48].mean() < 0.02


def test_jpeg_is_laid_over_white(tmp_path, smooth):
    alpha = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (64, 1))
    write(tmp_path / "out.jpg", smooth, alpha=alpha)
    expected = smooth * alpha[..., None] + 1 - alpha[..., None]
    assert np.abs(read(tmp_path / "out.jpg").rgb - expected).mean() < 0.01
    assert read(tmp_path / "out.jpg").alpha is None


def test_values_outside_are_clipped(tmp_path):
    write(tmp_path / "out.png", np.array([[[-0.5, 0.5, 1.5]]], np.float32), bits=16)
    np.testing.assert_allclose(read(tmp_path / "out.png").rgb[0, 0], [0, 0.5, 1], atol=1e-5)


@given(st.floats(0, 1, width=32))
def test_any_value_is_rounded_to_nearest(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.png"
    write(path, np.full((1, 1, 3), value, np.float32))
    with Image.open(path) as image:
        assert abs(image.getpixel((0, 0))[0] - value * 255) <= 0.5 + 1e-4


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1)])
def test_tiny_and_extreme_shapes(tmp_path, suffix, shape):
    write(tmp_path / f"out{suffix}", np.full((*shape, 3), 0.5, np.float32))
    assert read(tmp_path / f"out{suffix}").shape == shape


# What else is in the file


@pytest.mark.parametrize(
    ("suffix", "bits"), [*((suffix, 8) for suffix in SUFFIXES), (".png", 16), (".tif", 16)]
)
def test_files_are_tagged_as_srgb(tmp_path, rgb, suffix, bits):
    write(tmp_path / f"out{suffix}", rgb, bits=bits)
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.info["icc_profile"] == srgb_profile()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_picture_gives_the_same_bytes(tmp_path, rgb, suffix):
    for name in ("one", "two"):
        write(tmp_path / f"{name}{suffix}", rgb, settings={"seed": 1})
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_quality_trades_size(tmp_path, smooth):
    for suffix in (".jpg", ".webp"):
        sizes = []
        for quality in (1, 50, 89, 90, 100):
            write(tmp_path / f"q{suffix}", smooth, quality=quality)
            sizes.append((tmp_path / f"q{suffix}").stat().st_size)
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[-1]


@pytest.mark.parametrize(("quality", "sampling"), [(89, (2, 2)), (90, (1, 1)), (100, (1, 1))])
def test_jpeg_keeps_full_colour_resolution_at_high_quality(tmp_path, smooth, quality, sampling):
    write(tmp_path / "out.jpg", smooth, quality=quality)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.layer[0][1:3] == sampling


def test_tiff_of_16_bits_is_marked_as_having_straight_alpha(tmp_path, rgb, alpha):
    write(tmp_path / "out.tif", rgb, alpha=alpha, bits=16)
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert tiff.pages[0].extrasamples == (2,)
        assert tiff.pages[0].bitspersample == 16


# What is refused


@pytest.mark.parametrize("name", ["out", "out.gif", "out.txt", "out.png.", ".png", "out.jp2"])
def test_unknown_suffix(tmp_path, rgb, name):
    for attempt in (lambda: write(tmp_path / name, rgb), lambda: check_writable(tmp_path / name)):
        with pytest.raises(PictureError, match="tells no format") as caught:
            attempt()
        for suffix in SUFFIXES:
            assert suffix in caught.value.hint
    assert folder_of(tmp_path) == []


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_16_bits_where_there_are_none(tmp_path, rgb, suffix):
    for attempt in (
        lambda: write(tmp_path / f"out{suffix}", rgb, bits=16),
        lambda: check_writable(tmp_path / f"out{suffix}", 16),
    ):
        with pytest.raises(PictureError, match="has no 16 bits"):
            attempt()
    assert folder_of(tmp_path) == []


@pytest.mark.parametrize("bits", [0, 1, 12, 32, -8])
def test_other_bits(tmp_path, rgb, bits):
    with pytest.raises(OptionError, match="8 or 16 bits"):
        write(tmp_path / "out.png", rgb, bits=bits)
    with pytest.raises(OptionError, match="8 or 16 bits"):
        check_writable(tmp_path / "out.png", bits)


@pytest.mark.parametrize("quality", [0, 101, -1, 1000])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_quality_outside_its_range(tmp_path, rgb, quality, suffix):
    with pytest.raises(OptionError, match="from 1 to 100"):
        write(tmp_path / f"out{suffix}", rgb, quality=quality)
    assert folder_of(tmp_path) == []


@pytest.mark.parametrize(("suffix", "longest"), [(".webp", 16383), (".jpg", 65500)])
def test_more_pixels_than_the_format_holds(tmp_path, suffix, longest):
    write(tmp_path / f"most{suffix}", np.zeros((1, longest, 3), np.float32))
    assert read(tmp_path / f"most{suffix}").shape == (1, longest)
    for attempt in (
        lambda: write(tmp_path / f"more{suffix}", np.zeros((longest + 1, 1, 3), np.float32)),
        lambda: check_writable(tmp_path / f"more{suffix}", shape=(longest + 1, 1)),
    ):
        with pytest.raises(PictureError, match=str(longest + 1)):
            attempt()
    assert folder_of(tmp_path) == [f"most{suffix}"]


@pytest.mark.parametrize(
    ("rgb", "alpha", "message"),
    [
        (np.full((2, 2, 3), np.nan, np.float32), None, "cannot write the picture.*NaN"),
        (np.full((2, 2, 3), np.inf, np.float32), None, "infinite"),
        (np.zeros((2, 2, 3), np.float32), np.full((2, 2), np.nan, np.float32), "cannot write its alpha"),
        (np.zeros((2, 2, 3), np.float32), np.zeros((2, 3), np.float32), "alpha of shape"),
        (np.zeros((2, 2), np.float32), None, r"shape \(2, 2\)"),
        (np.zeros((2, 2, 4), np.float32), None, r"shape \(2, 2, 4\)"),
        (np.zeros((0, 2, 3), np.float32), None, r"shape \(0, 2, 3\)"),
        (np.zeros((2, 2, 3), np.uint8), None, "uint8 array"),
    ],
)
def test_arrays_that_are_no_picture(tmp_path, rgb, alpha, message):
    with pytest.raises(PictureError, match=message):
        write(tmp_path / "out.png", rgb, alpha=alpha)
    assert folder_of(tmp_path) == []


def both(path: Path, rgb: np.ndarray) -> str:
    """The message that `write` and `check_writable` agree on."""
    messages = []
    for attempt in (lambda: write(path, rgb), lambda: check_writable(path)):
        with pytest.raises(PictureError) as caught:
            attempt()
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    return messages[0]


def test_missing_folder(tmp_path, rgb):
    assert "there is no folder" in both(tmp_path / "no" / "out.png", rgb)


def test_a_file_in_place_of_the_folder(tmp_path, rgb):
    (tmp_path / "file").touch()
    assert "there is no folder" in both(tmp_path / "file" / "out.png", rgb)


def test_a_folder_in_place_of_the_file(tmp_path, rgb):
    (tmp_path / "out.png").mkdir()
    assert "it is a folder" in both(tmp_path / "out.png", rgb)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_place_of_the_file(tmp_path, rgb):
    os.mkfifo(tmp_path / "out.png")
    assert "not a regular file" in both(tmp_path / "out.png", rgb)


def test_write_protected(tmp_path, rgb):
    (tmp_path / "out.png").write_bytes(b"precious")
    (tmp_path / "out.png").chmod(0o444)
    if os.access(tmp_path / "out.png", os.W_OK):
        pytest.skip("this user may write anything")
    assert "write-protected" in both(tmp_path / "out.png", rgb)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="the system has no /proc")
def test_a_folder_where_no_file_can_be_made(rgb):
    assert "cannot write /proc/self/out.png" in both(Path("/proc/self/out.png"), rgb)


def test_check_writable_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "old.png").write_bytes(b"precious")
    before = (tmp_path / "old.png").stat()
    check_writable(tmp_path / "old.png")
    check_writable(tmp_path / "new.tif", 16, shape=(100_000, 100_000))
    assert folder_of(tmp_path) == ["old.png"]
    assert (tmp_path / "old.png").read_bytes() == b"precious"
    assert (tmp_path / "old.png").stat().st_mtime_ns == before.st_mtime_ns


def test_a_failure_leaves_the_old_file(tmp_path, rgb):
    write(tmp_path / "out.png", rgb)
    before = (tmp_path / "out.png").read_bytes()
    for attempt in (
        lambda: write(tmp_path / "out.png", rgb * np.nan),
        lambda: write(tmp_path / "out.png", rgb, quality=0),
    ):
        with pytest.raises((PictureError, OptionError)):
            attempt()
        assert (tmp_path / "out.png").read_bytes() == before
        assert folder_of(tmp_path) == ["out.png"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A real failure midway: the process may not write files of more than 10 000 bytes."""
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    noise = np.random.default_rng(0).random((200, 200, 3), dtype=np.float32)
    with (
        pytest.raises(PictureError, match=r"out\.png: file too large"),
        file_size_limit(10_000),
    ):
        write(path, noise)
    assert path.read_bytes() == b"old"
    assert folder_of(tmp_path) == ["out.png"]


def test_a_relative_path_and_a_string(tmp_path, monkeypatch, rgb):
    monkeypatch.chdir(tmp_path)
    check_writable("out.png")
    write("out.png", rgb)
    assert read("out.png").shape == (9, 21)
