from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from nst_onnx.errors import PictureError
from nst_onnx.picture import read


def tiff(samples: np.ndarray, photometric: str = "rgb", **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric=photometric, **options)
    return buffer.getvalue()


@pytest.fixture
def deep() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (9, 21, 4), dtype=np.uint16)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "lzw", "predictor": True},
        {"compression": "zlib"},
        {"compression": "zstd"},
        {"compression": "packbits"},
        {"tile": (16, 16)},
        {"rowsperstrip": 2},
        {"compression": "zlib", "predictor": True, "tile": (16, 16), "byteorder": ">"},
    ],
    ids=str,
)
def test_all_16_bits_arrive_however_they_are_stored(options, deep):
    picture = read(tiff(np.ascontiguousarray(deep[..., :3]), **options))
    np.testing.assert_array_equal(np.round(picture.rgb * 65535).astype(np.uint16), deep[..., :3])
    assert picture.alpha is None
    assert picture.bits == 16


def test_channels_in_planes(deep):
    planes = np.ascontiguousarray(np.moveaxis(deep[..., :3], -1, 0))
    picture = read(tiff(planes, planarconfig="separate"))
    np.testing.assert_allclose(picture.rgb, deep[..., :3] / 65535, atol=1e-7)


def test_straight_alpha(deep):
    picture = read(tiff(deep, extrasamples=["unassalpha"]))
    np.testing.assert_allclose(picture.rgb, deep[..., :3] / 65535, atol=1e-7)
    np.testing.assert_allclose(picture.alpha, deep[..., 3] / 65535, atol=1e-7)


def test_premultiplied_alpha_is_divided_out():
    straight = np.random.default_rng(0).random((9, 21, 4))
    straight[0, :, 3] = 0
    straight[1:, :, 3] += 0.1
    straight[1:] = np.minimum(straight[1:], 1)
    stored = straight.copy()
    stored[..., :3] *= straight[..., 3:]
    picture = read(tiff(np.round(stored * 65535).astype(np.uint16), extrasamples=["assocalpha"]))
    np.testing.assert_allclose(picture.rgb[1:], straight[1:, :, :3], atol=1e-4)
    np.testing.assert_allclose(picture.alpha, straight[..., 3], atol=1e-4)
    assert np.isfinite(picture.rgb).all()


def test_an_unspecified_fourth_channel_is_no_alpha(deep):
    picture = read(tiff(deep, extrasamples=["unspecified"]))
    np.testing.assert_allclose(picture.rgb, deep[..., :3] / 65535, atol=1e-7)
    assert picture.alpha is None


@pytest.mark.parametrize(("photometric", "sign"), [("minisblack", 1), ("miniswhite", -1)])
@pytest.mark.parametrize("dtype", ["u2", "u4", "f4"])
def test_gray(photometric, sign, dtype):
    share = np.random.default_rng(0).random((9, 21))
    samples = share.astype(dtype) if dtype == "f4" else (share * np.iinfo(dtype).max).astype(dtype)
    expected = share if sign > 0 else 1 - share
    picture = read(tiff(samples, photometric))
    np.testing.assert_allclose(picture.rgb, np.repeat(expected[..., None], 3, 2), atol=2e-5)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u4"])
def test_float_and_32_bits(dtype):
    share = np.random.default_rng(0).random((9, 21, 3))
    samples = (share * 0xFFFFFFFF).astype("u4") if dtype == "u4" else share.astype(dtype)
    picture = read(tiff(samples))
    np.testing.assert_allclose(picture.rgb, share, atol=6e-4 if dtype == "f2" else 1e-6)
    assert picture.bits == 16


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_use_their_own_full_range(bits):
    samples = np.random.default_rng(0).integers(0, 2**bits, (8, 16, 3), dtype=np.uint16)
    try:
        data = tiff(samples, bitspersample=bits)
    except NotImplementedError:
        pytest.skip("this imagecodecs cannot write packed integers")
    picture = read(data)
    np.testing.assert_allclose(picture.rgb, samples / (2**bits - 1), atol=1e-6)


def test_float_cmyk():
    inks = np.random.default_rng(0).random((5, 6, 4)).astype(np.float32)
    expected = (1 - inks[..., :3]) * (1 - inks[..., 3:])
    np.testing.assert_allclose(read(tiff(inks, "separated")).rgb, expected, atol=1e-4)


def test_a_few_highlights_in_a_float_file_are_clipped():
    samples = np.full((20, 20), 0.5, np.float32)
    samples[0, 0], samples[0, 1] = 3, -0.2
    rgb = read(tiff(samples, "minisblack")).rgb
    assert rgb[0, 0, 0] == 1
    assert rgb[0, 1, 0] == 0
    assert rgb[5, 5, 0] == 0.5


def test_the_first_of_several_pages(deep):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(deep[..., :3], photometric="rgb")
        writer.write(deep[:4, :5, 0], photometric="minisblack")
    np.testing.assert_allclose(read(buffer.getvalue()).rgb, deep[..., :3] / 65535, atol=1e-7)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (tiff(np.full((5, 5), 200, np.float32), "minisblack"), "from 200 to 200, not from 0 to 1"),
        (tiff(np.full((5, 5), np.nan, np.float32), "minisblack"), "NaN"),
        (tiff(np.zeros((5, 5), np.int16), "minisblack"), "int16 samples"),
        (tiff(np.zeros((5, 5), np.complex64), "minisblack"), "complex64 samples"),
        (tiff(np.zeros((5, 5), np.uint16), 32803), "camera's raw file"),
        (tiff(np.zeros((5, 5, 3), np.uint8), subfiletype=1), "begins with a thumbnail"),
        (tiff(np.zeros((5, 5, 3), np.uint16), extratags=[(50706, 1, 4, b"\1\4\0\0", True)]), "raw file"),
        (tiff(np.zeros((5, 5, 3), np.float32), "cielab"), "CIELAB TIFF of float32"),
        (tiff(np.zeros((5, 5, 3), np.uint16), "ycbcr"), "unusual colour space"),
        (tiff(np.zeros((4, 16, 16), np.uint16), "minisblack", volumetric=True), "the axes ZYX"),
    ],
)
def test_what_is_refused(data, message):
    with pytest.raises(PictureError, match=message):
        read(data)
