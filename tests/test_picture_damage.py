"""Damaged files: a complete picture or a clear refusal, never a half-gray picture or a traceback."""

from __future__ import annotations

import contextlib
import functools
import io
import warnings

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nst_onnx.errors import PictureError
from nst_onnx.picture import read

SIDE = 40


@functools.cache
def file_of(kind: str) -> bytes:
    samples = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    if kind == "PNG16":
        return bytes(imagecodecs.png_encode(samples.astype(np.uint16) * 257))
    if kind == "TIFF16":
        tifffile.imwrite(buffer, samples.astype(np.uint16) * 257, photometric="rgb")
    elif kind == "TIFF16-zlib":
        tifffile.imwrite(
            buffer, samples.astype(np.uint16), photometric="rgb", compression="zlib", rowsperstrip=8
        )
    elif kind == "TIFF-lzw":
        tifffile.imwrite(buffer, samples, photometric="rgb", compression="lzw", rowsperstrip=8)
    elif kind == "JPEG-progressive":
        Image.fromarray(samples).save(buffer, "JPEG", progressive=True)
    else:
        Image.fromarray(samples).save(buffer, kind)
    return buffer.getvalue()


KINDS = (
    *("PNG", "JPEG", "JPEG-progressive", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000"),
    *("PNG16", "TIFF16", "TIFF16-zlib", "TIFF-lzw"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_refused_or_whole(kind):
    data = file_of(kind)
    whole = read(data).rgb
    refused = 0
    for end in {*np.linspace(1, len(data) - 1, 40, dtype=int), *range(len(data) - 12, len(data))}:
        try:
            rgb = read(data[:end]).rgb
        except PictureError:
            refused += 1
        else:
            np.testing.assert_array_equal(rgb, whole, err_msg=f"{end} of {len(data)} bytes")
    assert refused >= 38


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_overwritten_bytes_never_make_a_traceback(kind, damages):
    data = bytearray(file_of(kind))
    for place, value in damages:
        data[int(place**2 * len(data))] = value  # more often in the headers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(PictureError):
            picture = read(bytes(data), max_pixels=10**7)
            assert np.isfinite(picture.rgb).all()
            assert picture.rgb.min() >= 0
            assert picture.rgb.max() <= 1
