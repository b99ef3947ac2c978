"""Pictures beyond the memory: the same values as within it, in arrays on disk, strip by strip."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.full_disk import file_size_limit

from nst_onnx.errors import PictureError
from nst_onnx.picture import PictureWarning, colour_management, encode, read, resize, write
from nst_onnx.picture.colour_management import rgb_profile
from nst_onnx.picture.orientation import TAG
from nst_onnx.support import disk_arrays
from nst_onnx.support.memory import Memory

HEIGHT, WIDTH = 23, 37
NOTHING = Memory(1)  # holds no picture at all
NARROW = 5 * WIDTH * 16  # bytes of a strip: a few rows

RNG = np.random.default_rng(0)
RGBA_8 = RNG.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
RGBA_16 = RNG.integers(0, 65536, (HEIGHT, WIDTH, 4), dtype=np.uint16)
RGB_8, RGB_16 = np.ascontiguousarray(RGBA_8[..., :3]), np.ascontiguousarray(RGBA_16[..., :3])
WIDE_GAMUT = rgb_profile(1.8, (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06))


def by_pillow(samples: np.ndarray | Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image = samples if isinstance(samples, Image.Image) else Image.fromarray(samples)
    image.save(buffer, form, **options)
    return buffer.getvalue()


def tiff(samples: np.ndarray, photometric: str = "rgb", **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric=photometric, **options)
    return buffer.getvalue()


def turned(orientation: int) -> dict[str, Image.Exif]:
    exif = Image.Exif()
    exif[TAG] = orientation
    return {"exif": exif}


SOURCES = {
    "PNG": by_pillow(RGB_8, "PNG"),
    "PNG gray": by_pillow(RGB_8[..., 0].copy(), "PNG"),
    "PNG palette": by_pillow(Image.fromarray(RGB_8).quantize(40), "PNG", transparency=3),
    "PNG alpha": by_pillow(RGBA_8, "PNG"),
    "PNG gray alpha": by_pillow(RGBA_8[..., :2].copy(), "PNG"),
    "PNG 16": imagecodecs.png_encode(RGB_16),
    "PNG 16 alpha": imagecodecs.png_encode(RGBA_16),
    "PNG profile": by_pillow(RGB_8, "PNG", icc_profile=WIDE_GAMUT),
    "JPEG": by_pillow(RGB_8, "JPEG"),
    "JPEG CMYK": by_pillow(Image.fromarray(RGB_8).convert("CMYK"), "JPEG"),
    "WebP": by_pillow(RGBA_8, "WEBP"),
    "TIFF": by_pillow(RGB_8, "TIFF"),
    "TIFF 16": tiff(RGB_16),
    "TIFF 16 alpha": tiff(RGBA_16, extrasamples=["unassalpha"]),
    "TIFF 16 premultiplied": tiff(RGBA_16, extrasamples=["assocalpha"]),
    "TIFF 16 tiles": tiff(RGB_16, tile=(16, 16), compression="zlib", predictor=True),
    "TIFF 16 strips": tiff(RGB_16, rowsperstrip=4, compression="zlib", byteorder=">"),
    "TIFF 16 planes": tiff(np.moveaxis(RGB_16, -1, 0).copy(), planarconfig="separate", compression="zlib"),
    "TIFF 16 profile": tiff(RGB_16, iccprofile=WIDE_GAMUT),
    "TIFF 16 white is zero": tiff(RGB_16[..., 0].copy(), "miniswhite", compression="zlib"),
    "TIFF 16 CMYK": tiff(RGBA_16, "separated"),
    "TIFF 16 CIELAB": tiff(RGB_16, "cielab", compression="zlib"),
    "TIFF float": tiff((RGB_16 / 65535).astype(np.float32), compression="zlib"),
    "TIFF float64": tiff(RGB_16 / 65535),
    **{f"PNG orientation {n}": by_pillow(RGBA_8, "PNG", **turned(n)) for n in range(2, 9)},
    **{f"TIFF 16 orientation {n}": tiff(RGB_16, extratags=[(TAG, 3, 1, n, True)]) for n in (3, 6, 8)},
    "array 8": RGBA_8,
    "array 16": RGB_16,
    "array float64": RGBA_16 / 65535,
    "image": Image.fromarray(RGBA_8),
    "image float": Image.fromarray((RGB_16[..., 0] / 65535).astype(np.float32)),
}


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips of a few rows, so that small pictures have many."""
    monkeypatch.setattr(disk_arrays, "STRIP", NARROW)


def on_disk(array: np.ndarray) -> np.ndarray:
    stored = disk_arrays.empty(array.shape, array.dtype, on_disk=True)
    stored[...] = array
    return stored


# Reading


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("by_file", [False, True])
def test_what_is_read_is_the_same_on_disk(name, by_file, tmp_path, monkeypatch):
    source = SOURCES[name]
    if by_file:
        if not isinstance(source, bytes):
            pytest.skip("is not in a file")
        (tmp_path / "source").write_bytes(source)
        source = tmp_path / "source"
    held = read(source)
    monkeypatch.setattr(disk_arrays, "STRIP", NARROW)
    picture = read(source, memory=NOTHING)
    assert isinstance(picture.rgb, np.memmap)
    np.testing.assert_array_equal(picture.rgb, held.rgb)
    assert (picture.alpha is None) == (held.alpha is None)
    if held.alpha is not None:
        assert isinstance(picture.alpha, np.memmap)
        np.testing.assert_array_equal(picture.alpha, held.alpha)
    assert picture.bits == held.bits


def test_the_memory_decides(narrow):
    size = RGB_8.size * 4
    enough = next(Memory(limit) for limit in itertools.count(size, size) if Memory(limit).holds(size))
    assert not isinstance(read(RGB_8, memory=enough).rgb, np.memmap)
    assert not isinstance(read(RGB_8).rgb, np.memmap)


def test_an_opaque_alpha_is_found_over_all_strips(narrow):
    opaque = RGBA_8.copy()
    opaque[..., 3] = 255
    assert read(opaque, memory=NOTHING).alpha is None
    opaque[-1, -1, 3] = 254
    assert read(opaque, memory=NOTHING).alpha is not None


def test_highlights_are_counted_over_all_strips(narrow):
    """A hundredth of all samples may be outside 0..1, however many of one strip."""
    bright = np.full((200, 50), 0.5, np.float32)
    bright[:2] = 2
    assert read(tiff(bright, "minisblack"), memory=NOTHING).rgb[:2].min() == 1
    bright[2, 0] = 2
    with pytest.raises(PictureError, match=r"from 0\.5 to 2, not from 0 to 1"):
        read(tiff(bright, "minisblack"), memory=NOTHING)


@pytest.mark.parametrize("row", [0, HEIGHT // 2, HEIGHT - 1])
def test_one_bad_value_is_found_in_any_strip(narrow, tmp_path, row):
    samples = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    samples[row, 0, 0] = np.nan
    for attempt in (
        lambda: read(tiff(samples), memory=NOTHING),
        lambda: read(samples, memory=NOTHING),
        lambda: write(tmp_path / "out.png", on_disk(samples)),
    ):
        with pytest.raises(PictureError, match=f"1 of its {samples.size} values are NaN"):
            attempt()


def test_a_profile_that_fails_in_the_middle_is_left_out_from_the_top(narrow, monkeypatch):
    transform = colour_management._transform

    def fails_on_white(samples: np.ndarray, profile: bytes, space: str) -> np.ndarray:
        return np.where((samples == 65535).any(), np.nan, transform(samples, profile, space))

    monkeypatch.setattr(colour_management, "_transform", fails_on_white)
    samples = np.minimum(RGB_16, 65534)
    samples[HEIGHT // 2] = 65535
    with pytest.warns(PictureWarning, match="is broken") as caught:
        picture = read(tiff(samples, iccprofile=WIDE_GAMUT), memory=NOTHING)
    assert len(caught) == 1
    np.testing.assert_array_equal(picture.rgb, read(tiff(samples)).rgb)


def test_a_full_disk_is_told_as_that(tmp_path):
    """A real failure: the process may not write files of more than 1000 bytes."""
    with pytest.raises(PictureError, match="no room on the disk") as caught, file_size_limit(1000):
        read(SOURCES["PNG"], memory=NOTHING)
    assert "TMPDIR" in caught.value.hint


# Resizing


@given(
    st.tuples(*4 * [st.integers(1, 70)]),
    st.sampled_from([(), (1,), (3,)]),
    st.integers(1, 20000),
)
def test_strips_and_bands_do_not_show(sides, channels, strip):
    height, width, *shape = sides
    array = np.random.default_rng(sides).random((height, width, *channels), dtype=np.float32)
    whole = resize(array, shape)
    out = on_disk(np.zeros_like(whole))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk_arrays, "STRIP", strip)
        assert resize(on_disk(array), shape, out=out) is out
        np.testing.assert_array_equal(out, whole)
        np.testing.assert_array_equal(resize(array, shape), whole)


@given(st.tuples(*4 * [st.integers(1, 70)]))
def test_resizing_is_pillows(sides):
    """Its two passes bit for bit; it may do them in the other order by itself, which rounds differently."""
    height, width, *shape = sides
    array = np.random.default_rng(sides).random((height, width), dtype=np.float32)
    lanczos, image = Image.Resampling.LANCZOS, Image.fromarray(array)
    rows_first = image.resize((shape[1], height), lanczos).resize(shape[::-1], lanczos)
    np.testing.assert_array_equal(resize(array, shape), np.clip(rows_first, 0, 1))
    np.testing.assert_allclose(
        resize(array, shape), np.clip(image.resize(shape[::-1], lanczos), 0, 1), atol=1e-6
    )


# Writing


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_what_is_written_is_the_same_from_disk(tmp_path, monkeypatch, suffix, bits, with_alpha):
    if bits == 16 and suffix in (".jpg", ".webp"):
        pytest.skip("has no 16 bits")
    rgb = np.random.default_rng(1).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    alpha = np.random.default_rng(2).random((HEIGHT, WIDTH), dtype=np.float32) if with_alpha else None
    write(tmp_path / f"whole{suffix}", rgb, alpha=alpha, bits=bits, settings={"seed": 1})
    monkeypatch.setattr(disk_arrays, "STRIP", NARROW)
    monkeypatch.setattr(encode, "_TIFF_STRIP", 1 << 18)
    stored = None if alpha is None else on_disk(alpha)
    for name in ("strips", "again"):
        write(tmp_path / f"{name}{suffix}", on_disk(rgb), alpha=stored, bits=bits, settings={"seed": 1})
    strips = (tmp_path / f"strips{suffix}").read_bytes()
    assert strips == (tmp_path / f"again{suffix}").read_bytes()
    if suffix == ".png":  # its chunks are cut where the strips are, its pixels and the deflated bytes are not
        for decode in (imagecodecs.png_decode, lambda data: np.asarray(Image.open(io.BytesIO(data)))):
            whole = decode((tmp_path / "whole.png").read_bytes())
            np.testing.assert_array_equal(decode(strips), whole)
        assert deflated(strips) == deflated((tmp_path / "whole.png").read_bytes())
    else:
        assert strips == (tmp_path / f"whole{suffix}").read_bytes()


def test_changes_that_are_only_in_memory_stay(tmp_path):
    """An array mapped copy-on-write has its changes in memory alone, and must not lose them by being read."""
    np.zeros((HEIGHT, WIDTH, 3), np.float32).tofile(tmp_path / "zeros")
    array = np.memmap(tmp_path / "zeros", np.float32, "c", shape=(HEIGHT, WIDTH, 3))
    array[:] = 1
    write(tmp_path / "out.png", array)
    resize(array[1:], (5, 6))
    assert array.min() == 1
    assert read(tmp_path / "out.png").rgb.min() == 1


def deflated(png: bytes) -> bytes:
    pixels, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            pixels += png[at + 8 : at + 8 + size]
        at += 12 + size
    return pixels


def test_png_is_deflated_as_libpng_would(tmp_path):
    """The rows are filtered by libpng, so a streamed file is no larger than one made in one go."""
    write(tmp_path / "out.png", RGB_16 / np.float32(65535), bits=16)
    streamed = deflated((tmp_path / "out.png").read_bytes())
    at_once = deflated(bytes(imagecodecs.png_encode(RGB_16, level=6)))
    assert abs(len(streamed) - len(at_once)) <= 0.01 * len(at_once)


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_beyond_its_limit_is_bigtiff(tmp_path, monkeypatch, bits):
    rgb = RGB_16 / np.float32(65535)
    write(tmp_path / "small.tif", rgb, bits=bits)
    monkeypatch.setattr(encode, "_TIFF_LIMIT", 3 * HEIGHT * WIDTH * bits // 8 - 1)
    write(tmp_path / "big.tif", rgb, bits=bits)
    for name, big in (("small", False), ("big", True)):
        with tifffile.TiffFile(tmp_path / f"{name}.tif") as file:
            assert file.is_bigtiff == big
    np.testing.assert_array_equal(read(tmp_path / "big.tif").rgb, read(tmp_path / "small.tif").rgb)


def test_many_tiff_strips_stay_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(encode, "_TIFF_STRIP", 1)
    monkeypatch.setattr(encode, "_TOGETHER", 4)
    write(tmp_path / "out.tif", RGB_16 / np.float32(65535), bits=16)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), RGB_16)


# Memory

PEAKS = """
import json, sys
from pathlib import Path
import numpy as np
from nst_onnx.support import disk_arrays
from nst_onnx.memory import Memory
from nst_onnx.picture import read, resize, write

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

def peak(work):
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = status("VmRSS:")
    made = work()
    found[-1].append((status("VmHWM:") - before) / size)
    return made

folder, height, width = Path(sys.argv[1]), *map(int, sys.argv[2:])
disk_arrays.STRIP = 1 << 20
size, found = height * width * 12, []
for suffix in (".png", ".tif"):  # loads the libraries
    write(folder / f"tiny{suffix}", resize(np.zeros((8, 8, 3), np.float32), (9, 9)), bits=16)
    read(folder / f"tiny{suffix}")
for memory, suffix, bits in ((Memory(1), ".tif", 16), (Memory(1), ".png", 8), (None, ".tif", 8)):
    found.append([])
    path = folder / f"picture{suffix}"
    small = np.random.default_rng(0).random((50, 50, 3), dtype=np.float32)
    room = lambda height, width: disk_arrays.empty((height, width, 3), on_disk=memory is not None)
    large = peak(lambda: resize(small, (height, width), out=room(height, width)))
    peak(lambda: write(path, large, bits=bits))
    del large
    picture = peak(lambda: read(path, memory=memory))
    peak(lambda: resize(picture.rgb, (height // 2, width // 2), out=room(height // 2, width // 2)))
    del picture
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").is_file(), reason="the system does not tell the peak")
def test_the_peak_is_a_fraction_of_the_picture(tmp_path):
    """Of 4 megapixels in float32; what Pillow decodes is whole meanwhile, and takes a third of that."""
    command = [sys.executable, "-c", PEAKS, str(tmp_path), "2000", "2000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    deep_tiff, png, held = json.loads(done.stdout)
    assert max(deep_tiff) < 0.5, deep_tiff
    assert max(png) < 0.75, png
    assert max(held) > 0.9, held  # the measure can tell
