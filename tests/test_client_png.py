"""Paintings as PNG files, written by the client without any library."""

from __future__ import annotations

import io
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.pixels import Pixels
from nst_client.png import png_file


@pytest.mark.parametrize(("channels", "mode"), [(3, "RGB"), (4, "RGBA")])
def test_a_painting_is_read_back(channels: int, mode: str) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (7, 11, channels), dtype=np.uint8)
    floats = (samples / np.float32(255)).astype(np.float32)
    data = png_file(Pixels(11, 7, channels, "f32", floats.tobytes()))
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == mode
        assert "srgb" in opened.info
        assert np.array_equal(np.asarray(opened), samples)


def test_a_row_of_numbers_at_a_time_is_in_memory() -> None:
    """Python's numbers take some 32 bytes each: of all samples at once they would be 16 million bytes."""
    painting = Pixels(400, 400, 3, "f32", bytes(4 * 3 * 400 * 400))
    tracemalloc.start()
    png_file(painting)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000


def test_values_are_rounded() -> None:
    values = np.array([0.4, 0.6, 1.4, 127.6, 254.4, 254.6], np.float32) / 255
    data = png_file(Pixels(2, 1, 3, "f32", values.astype(np.float32).tobytes()))
    with Image.open(io.BytesIO(data)) as opened:
        assert np.asarray(opened).ravel().tolist() == [0, 1, 1, 128, 254, 255]
