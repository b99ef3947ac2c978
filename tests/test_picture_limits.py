from __future__ import annotations

import io
import struct
import warnings
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile

from nst_onnx.errors import PictureError
from nst_onnx.picture import MAX_PIXELS, read
from nst_onnx.picture.limits import strict_pillow


def bomb(width: int, height: int, depth: int) -> bytes:
    """A few bytes of PNG that claim to be a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


def tiff_of(width: int, height: int) -> bytes:
    """A small 16-bit TIFF whose header is then made to claim more."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((5, 4), np.uint16), byteorder="<")
    data = buffer.getvalue()
    for tag, old, new in ((256, 4, width), (257, 5, height)):  # ImageWidth, ImageLength: one LONG each
        entry = struct.pack("<HHII", tag, 4, 1, old)
        assert data.count(entry) == 1
        data = data.replace(entry, struct.pack("<HHII", tag, 4, 1, new))
    return data


@pytest.mark.parametrize(
    "data",
    [bomb(60000, 60000, 8), bomb(60000, 60000, 16), tiff_of(60000, 60000)],
    ids=["png8", "png16", "tiff"],
)
def test_a_bomb_is_refused_before_it_is_decoded(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError, match="60000×60000 pixels, more than the limit of 400 million"):
            read(data)


def test_our_limit_replaces_pillows(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(buffer.getvalue()).shape == (8, 8)
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize("deep", [False, True])
def test_the_limit_is_exact_for_every_source(deep):
    samples = np.zeros((5, 4, 3), np.uint16 if deep else np.uint8)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric="rgb")
    sources = [samples, bytes(imagecodecs.png_encode(samples)), buffer.getvalue()]
    if not deep:
        sources.append(Image.fromarray(samples))
    for source in sources:
        assert read(source, max_pixels=20).shape == (5, 4)
        assert read(source, max_pixels=None).shape == (5, 4)
        with pytest.raises(PictureError, match="4×5 pixels") as caught:
            read(source, max_pixels=19)
        assert "scale it down" in caught.value.hint


def test_the_default_is_beyond_any_camera():
    assert MAX_PIXELS >= 200_000_000


def test_truncated_files_are_refused_even_where_the_program_lets_pillow_take_them(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(buffer, "JPEG")
    with pytest.raises(PictureError, match="damaged or incomplete"):
        read(buffer.getvalue()[:-500])
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_pillows_settings_are_restored_after_an_error():
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(RuntimeError), strict_pillow():
        raise RuntimeError
    assert before == Image.MAX_IMAGE_PIXELS
