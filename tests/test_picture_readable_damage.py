"""Damage that no pixel suffers from: the picture is read, and a warning says what is left out."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nst_onnx.errors import PictureError
from nst_onnx.picture import PictureWarning, read

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png(deep: bool, **options) -> bytes:
    if deep:
        return bytes(imagecodecs.png_encode(PIXELS.astype(np.uint16) * 257))
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", **options)
    return buffer.getvalue()


def with_chunk(data: bytes, kind: bytes, content: bytes, checksum: int | None = None) -> bytes:
    """Return a PNG with a chunk behind its header; its own checksum if none is given."""
    right = zlib.crc32(kind + content)
    chunk = struct.pack(">I", len(content)) + kind + content
    return data[:33] + chunk + struct.pack(">I", right if checksum is None else checksum) + data[33:]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("kind", "content", "warned"),
    [
        (b"tEXt", b"Comment\0hello", False),
        (b"pHYs", struct.pack(">IIB", 3000, 3000, 1), True),
        (b"iCCP", b"p\0\0" + zlib.compress(PROFILE), True),
        (b"eXIf", b"II*\0\x08\0\0\0\0\0", True),
    ],
)
def test_a_wrong_checksum_beside_the_pixels(deep, kind, content, warned):
    data = with_chunk(png(deep), kind, content, checksum=7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        picture = read(data)
    np.testing.assert_allclose(picture.rgb * 255, PIXELS, atol=1e-4)
    said = [str(one.message) for one in caught]
    assert [f"its {kind.decode()} chunk has a wrong checksum" in text for text in said] == [True] * warned


@pytest.mark.parametrize("deep", [False, True])
def test_damaged_pixels_are_refused_for_all_that(deep):
    data = bytearray(with_chunk(png(deep), b"tEXt", b"Comment\0hello", checksum=7))
    data[len(data) // 2] ^= 255
    with pytest.raises(PictureError):
        read(bytes(data))


@pytest.mark.parametrize("deep", [False, True])
def test_megabytes_of_text_and_profile(deep):
    """Pillow refuses more than one megabyte of either."""
    text = b"Comment\0" + b"x" * 3_000_000
    packed = b"Comment\0\0" + zlib.compress(bytes(3_000_000))
    data = with_chunk(with_chunk(png(deep), b"tEXt", text), b"zTXt", packed)
    np.testing.assert_allclose(read(data).rgb * 255, PIXELS, atol=1e-4)
    padded = bytearray(PROFILE + bytes(3_000_000))
    padded[:4] = len(padded).to_bytes(4)
    data = with_chunk(png(deep), b"iCCP", b"p\0\0" + zlib.compress(bytes(padded)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the profile is whole, and is used
        np.testing.assert_allclose(read(data).rgb * 255, PIXELS, atol=0.6)


@pytest.mark.parametrize("content", [b"p\0\0" + bytes(40), b"p\0\0" + zlib.compress(PROFILE)[:-9], b"p"])
def test_a_profile_that_does_not_unpack(content):
    with pytest.warns(PictureWarning, match="its ICC profile is broken"):
        picture = read(with_chunk(png(deep=False), b"iCCP", content))
    np.testing.assert_allclose(picture.rgb * 255, PIXELS, atol=1e-4)


def test_orientation_in_imagemagicks_text_still_counts():
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    info = PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block)}\n{block.hex()}\n", zip=True)
    assert read(png(deep=False, pnginfo=info)).shape == (41, 30)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_mark(progressive, mode, missing):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(buffer, "JPEG", quality=92, progressive=progressive)
    data = buffer.getvalue()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cut = read(data[:-missing])
    if mode != "L" or progressive:  # Pillow itself takes gray ones
        assert "ends before its end mark" in str(caught[0].message)
    np.testing.assert_array_equal(cut.rgb, read(data).rgb)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_pixels_is_refused_or_whole(progressive):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=92, progressive=progressive)
    data, refused = buffer.getvalue(), 0
    whole = read(data).rgb
    for missing in range(3, len(data) - 700, 7):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rgb = read(data[:-missing]).rgb
        except PictureError:
            refused += 1
        else:
            np.testing.assert_array_equal(rgb, whole)
    assert refused > 50
