from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
from support.png_chunks import add_chunks

from nst_onnx.picture import read


@pytest.mark.parametrize("channels", [(), (2,), (3,), (4,)])
def test_all_16_bits_arrive(channels):
    samples = np.random.default_rng(0).integers(0, 65536, (9, 21, *channels), dtype=np.uint16)
    picture = read(imagecodecs.png_encode(samples))
    whole = samples.reshape(9, 21, -1)
    colour, alpha = (whole[..., :-1], whole[..., -1]) if channels in ((2,), (4,)) else (whole, None)
    expected = np.broadcast_to(colour, (9, 21, 3))
    np.testing.assert_array_equal(np.round(picture.rgb * 65535).astype(np.uint16), expected)
    assert picture.bits == 16
    if alpha is None:
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(np.round(picture.alpha * 65535).astype(np.uint16), alpha)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_transparent_colour_is_compared_in_16_bits(channels):
    samples = np.full((4, 5, *channels), 0x1234, np.uint16)
    samples[1, 2] = 0x1235  # the same in 8 bits
    key = struct.pack(f">{channels[0] if channels else 1}H", *np.atleast_1d(samples[1, 2]))
    alpha = read(add_chunks(imagecodecs.png_encode(samples), [(b"tRNS", key)])).alpha
    assert alpha is not None
    assert alpha[1, 2] == 0
    assert alpha.sum() == alpha.size - 1
