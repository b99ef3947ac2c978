"""Formats of phones and cameras: HEIC, JPEG XL, raw files; and what Photoshop and scanners add to TIFF."""

from __future__ import annotations

import io
import sys

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from support import heic_files

from nst_onnx.errors import PictureError
from nst_onnx.picture import decoder_process, read

NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
COLOUR_FILTER_ARRAY, DNG_VERSION, PATTERN_SIZE, PATTERN = 32803, 50706, 33421, 33422


def test_heic_is_upright_whatever_its_exif_says():
    picture = read(heic_files.TURNED)
    assert picture.shape == (32, 24)
    assert picture.bits == 8
    left, right = picture.rgb[:, 2].mean(0), picture.rgb[:, -3].mean(0)
    np.testing.assert_allclose(left, np.array([40, 40, 200]) / 255, atol=0.02)
    np.testing.assert_allclose(right, np.array([200, 40, 40]) / 255, atol=0.02)


def test_ten_bits_of_a_heic_are_kept():
    picture = read(heic_files.DEEP)
    assert picture.bits == 16
    ramp = np.linspace(0, 1, 32)
    np.testing.assert_allclose(picture.rgb[:, :, 0], np.broadcast_to(ramp, (24, 32)), atol=2 / 1023)


@pytest.mark.parametrize("end", [40, 200, len(heic_files.TURNED) - 20])
def test_a_cut_heic_is_called_one(end):
    with pytest.raises(PictureError, match="HEIC picture that is damaged"):
        read(heic_files.TURNED[:end])


def test_a_heic_that_crashes_its_decoder_is_refused():
    """The decoder has a process of its own: this one goes on."""
    with pytest.raises(PictureError, match="HEIC picture that is damaged"):
        read(heic_files.CRASHING)


def test_a_heic_too_large_is_refused_before_it_is_decoded():
    with pytest.raises(PictureError, match="24×32 pixels, more than the limit"):
        read(heic_files.TURNED, max_pixels=100)


@pytest.mark.parametrize("shape", [(24, 40), (256, 256), (90, 160), (300, 7)])
def test_jpeg_xl(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    picture = read(imagecodecs.jpegxl_encode(pixels, lossless=True))
    np.testing.assert_allclose(picture.rgb * 255, pixels, atol=0.01)
    with pytest.raises(PictureError, match="more than the limit"):  # its size is known before it is decoded
        read(imagecodecs.jpegxl_encode(pixels, lossless=True), max_pixels=shape[0] * shape[1] - 1)


def dng() -> bytes:
    """A raw file of 48×64 sensor values in the usual pattern of red, green, green and blue."""
    buffer = io.BytesIO()
    sensor = np.random.default_rng(0).integers(0, 4000, (48, 64)).astype(np.uint16)
    tags = [
        (DNG_VERSION, "B", 4, (1, 4, 0, 0), True),
        (PATTERN_SIZE, "H", 2, (2, 2), True),
        (PATTERN, "B", 4, (0, 1, 1, 2), True),
    ]
    tifffile.imwrite(buffer, sensor, photometric=COLOUR_FILTER_ARRAY, extratags=tags)
    return buffer.getvalue()


def test_raw_is_developed():
    picture = read(dng())
    assert picture.shape == (48, 64)
    assert picture.bits == 16
    assert picture.rgb.std() > 0.05


@pytest.mark.parametrize(
    ("module", "data", "message"),
    [
        ("pillow_jxl", bytes(imagecodecs.jpegxl_encode(NOISE)), "a JPEG XL picture"),
    ],
)
def test_without_the_extra_the_line_says_what_to_install(monkeypatch, module, data, message):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PictureError, match=message) as caught:
        read(data)
    assert 'pip install "nst-onnx[formats]"' in caught.value.hint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (heic_files.TURNED, "it is a HEIC picture$"),
        (dng(), "a camera's raw file$"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(300), "a Fujifilm camera's raw file$"),
    ],
)
def test_without_the_decoder_of_a_separate_process(monkeypatch, tmp_path, data, message):
    program = tmp_path / "program.py"
    program.write_text("import sys; sys.stdin.buffer.read(); sys.exit(3)")
    monkeypatch.setattr(decoder_process, "__file__", str(program))
    with pytest.raises(PictureError, match=message) as caught:
        read(data)
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize(
    "head", [b"FUJIFILMCCD-RAW 0201", b"II*\0\x10\0\0\0CR\2\0", b"\0\0\0\x18ftypcrx ", b"IIRO\x08\0\0\0"]
)
def test_a_damaged_raw_file(head):
    with pytest.raises(PictureError, match="raw file that cannot be developed") as caught:
        read(head + bytes(500))
    assert "develop it first" in caught.value.hint


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("more", [1, 2])
@pytest.mark.parametrize("colours", [3, 4])
def test_channels_beside_colour_and_alpha_do_not_matter(dtype, more, colours):
    scale = np.iinfo(dtype).max // 255
    samples = np.random.default_rng(2).integers(0, 256, (9, 11, colours)).astype(dtype) * dtype(scale)
    mode = {3: "rgb", 4: "separated"}[colours]
    plain, full = io.BytesIO(), io.BytesIO()
    tifffile.imwrite(plain, samples, photometric=mode)
    opaque = np.full((9, 11, more), np.iinfo(dtype).max, dtype)
    kinds = ["unassalpha", "unspecified"][:more]
    tifffile.imwrite(full, np.concatenate([samples, opaque], -1), photometric=mode, extrasamples=kinds)
    wanted, found = read(plain.getvalue()), read(full.getvalue())
    np.testing.assert_allclose(found.rgb, wanted.rgb, atol=1e-4)
    assert found.alpha is None
    assert found.bits == wanted.bits


def test_cmyk_jpeg_with_and_without_photoshops_marker():
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 1] = 200  # magenta
    buffer = io.BytesIO()
    Image.fromarray(ink, "CMYK").save(buffer, "JPEG", quality=100)
    marked = buffer.getvalue()
    at = marked.index(b"\xff\xee")
    assert marked[at + 4 : at + 9] == b"Adobe"
    # Without the marker the same samples are ink as it is: 255 - 200 of magenta, and all of the others.
    bare = marked[:at] + marked[at + 2 + int.from_bytes(marked[at + 2 : at + 4]) :]
    np.testing.assert_allclose(read(marked).rgb[8, 8] * 255, [255, 55, 255], atol=2)
    np.testing.assert_allclose(read(bare).rgb[8, 8] * 255, [0, 0, 0], atol=2)
