"""Photoshop's files: the flattened picture, its transparency, and what is refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from support.photoshop_files import CMYK, GRAY, INDEXED, LAB, RGB, SPOT, further_block, layer_info, psd

from nst_onnx.errors import PictureError
from nst_onnx.picture import read
from nst_onnx.support.memory import Memory

SHAPE = (13, 21)
RNG = np.random.default_rng(3)
DEEP = RNG.integers(0, 65536, (*SHAPE, 4)).astype(np.uint16)
DEEP[4:9] = DEEP[4, :1]  # even areas, which packing shortens
SHALLOW = (DEEP >> 8).astype(np.uint8)
ALPHA = RNG.integers(0, 65536, SHAPE).astype(np.uint16)
ALPHA[0], ALPHA[1] = 0, 65535
NAME = "Adobe Photoshop"
PHOTOSHOP = struct.pack(">IBI", 1, 1, len(NAME)) + NAME.encode("utf-16-be")


def sized(width: int, height: int, channels: int = 3) -> bytes:
    """The beginning of an 8-bit RGB file of any size."""
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, height, width, 8, RGB) + bytes(14)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("samples", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("mode", [GRAY, RGB])
def test_every_value_is_read(samples, mode, large, packed):
    values = samples[..., : 1 if mode == GRAY else 3]
    picture = read(psd(values, mode=mode, large=large, packed=packed))
    expected = np.broadcast_to(values / np.iinfo(samples.dtype).max, (*SHAPE, 3))
    np.testing.assert_allclose(picture.rgb, expected, atol=1e-6)
    assert picture.alpha is None
    assert picture.bits == 8 * samples.itemsize


@pytest.mark.parametrize("samples", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
def test_ink_is_as_in_a_tiff(samples):
    tiff = io.BytesIO()
    tifffile.imwrite(tiff, samples, photometric="separated")
    stored = np.iinfo(samples.dtype).max - samples
    picture = read(psd(stored, mode=CMYK, packed=True))
    np.testing.assert_allclose(picture.rgb, read(tiff.getvalue()).rgb, atol=1e-6)


def test_what_memory_does_not_hold_is_read_the_same():
    file = psd(DEEP[..., :3], packed=True)
    np.testing.assert_array_equal(read(file, memory=Memory(1)).rgb, read(file).rgb)


@pytest.mark.parametrize(
    ("layers", "large"),
    [
        (layer_info(-2), False),
        (layer_info(-1, large=True), True),
        (further_block(b"Lr16", struct.pack(">h", -1) + bytes(7)), False),
        (further_block(b"Lr16", struct.pack(">h", -1) + bytes(7), large=True), True),
        (further_block(b"Mt16", b""), False),
        (further_block(b"Mt16", b"", large=True), True),
    ],
    ids=["layers", "layers, PSB", "Lr16", "Lr16, PSB", "Mt16", "Mt16, PSB"],
)
def test_transparency_is_told_by_the_layers(layers, large):
    """Photoshop lays the colours over white, which is taken away again."""
    opacity = ALPHA[..., np.newaxis] / 65535
    clean = DEEP[..., :3] / 65535
    stored = np.round((clean * opacity + 1 - opacity) * 65535).astype(np.uint16)
    file = psd(np.dstack([stored, ALPHA]), layers=layers, large=large, resources={1057: PHOTOSHOP})
    picture = read(file)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, ALPHA / 65535, atol=1e-6)
    seen = ALPHA > 6553
    np.testing.assert_allclose(picture.rgb[seen], clean[seen], atol=1e-4)


@pytest.mark.parametrize(("light", "resources"), [(False, {1057: PHOTOSHOP}), (False, {}), (True, {})])
def test_colours_that_are_stored_without_white_are_left_alone(light, resources):
    """Light ones could be taken for colours over white: only Photoshop lays white beneath."""
    colours = np.maximum(DEEP[..., :3], 65535 - ALPHA[..., np.newaxis] if light else 0)
    picture = read(psd(np.dstack([colours, ALPHA]), layers=layer_info(-1), resources=resources))
    np.testing.assert_allclose(picture.rgb, colours / 65535, atol=1e-6)
    np.testing.assert_allclose(picture.alpha, ALPHA / 65535, atol=1e-6)


@pytest.mark.parametrize("layers", [b"", layer_info(3), further_block(b"Lr16", struct.pack(">h", 1))])
@pytest.mark.parametrize("samples", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
def test_a_saved_selection_is_no_transparency(samples, layers):
    picture = read(psd(samples, layers=layers))
    assert picture.alpha is None
    np.testing.assert_allclose(picture.rgb, samples[..., :3] / np.iinfo(samples.dtype).max, atol=1e-6)


def test_what_is_kept_of_its_metadata():
    exif = Image.Exif()
    exif[0x013B] = "Ann"
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    resolution = struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1)
    resources = {1005: resolution, 1058: exif.tobytes(), 1060: packet}
    kept = read(psd(DEEP[..., :3], resources=resources)).metadata
    assert kept is not None
    assert kept.dpi == (300, 150)
    assert kept.tags == {0x013B: "Ann"}
    assert kept.xmp is not None
    assert "Rating" in kept.xmp


def test_its_profile_is_converted():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_allclose(
        read(psd(DEEP[..., :3], resources={1039: lab})).rgb, DEEP[..., :3] / 65535, atol=2e-3
    )
    with pytest.warns(UserWarning, match="profile"):
        read(psd(DEEP[..., :3], resources={1039: b"no profile at all"}))


def test_pillow_still_reads_the_palette():
    palette = RNG.integers(0, 256, (3, 256)).astype(np.uint8)
    index = SHALLOW[..., :1]
    picture = read(psd(index, mode=INDEXED, palette=palette.tobytes()))
    np.testing.assert_allclose(picture.rgb * 255, palette.T[index[..., 0]], atol=1e-3)


@pytest.mark.parametrize(
    ("file", "message", "hint"),
    [
        (psd(np.zeros((4, 4, 3), np.float32)), "Photoshop file of 32 bits a channel", "16 bits"),
        (psd(DEEP[..., :3], mode=LAB), "16 bits a channel in Lab colours", "RGB"),
        (psd(SHALLOW, mode=SPOT, large=True), "8 bits a channel in spot colours", "RGB"),
        (psd(SHALLOW, mode=SPOT), "8 bits a channel in spot colours", "RGB"),
        (sized(1, 30_001), "sizes are not possible", ""),
        (sized(4, 4, channels=57), "sizes are not possible", ""),
        (psd(DEEP[..., :3], resources={1057: bytes(40)}), "layers only", "Maximize Compatibility"),
        (psd(SHALLOW[..., :3], resources={1057: bytes(40)}), "layers only", "Maximize Compatibility"),
        (b"8BPS\0\2" + bytes(500), r"damaged Photoshop file \(PSD or PSB\)", ""),
        (psd(DEEP[..., :3], mode=CMYK), "3 channels, too few for cmyk", ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(file, message, hint):
    with pytest.raises(PictureError, match=message) as caught:
        read(file)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_a_cut_file_is_refused(packed, large):
    file = psd(DEEP, layers=layer_info(-1, large=large), packed=packed, large=large)
    for end in (*range(4, 60, 3), len(file) // 2, len(file) - 1):
        with pytest.raises(PictureError):
            read(file[:end])


def test_rows_that_would_unpack_to_too_much_are_refused():
    file = bytearray(psd(DEEP[..., :3], packed=True))
    first = file.index(b"\0\1", 34) + 2
    file[first : first + 2] = b"\xff\xff"
    with pytest.raises(PictureError, match="damaged"):
        read(bytes(file))


def test_a_picture_too_large_is_refused_before_it_is_decoded():
    file = b"8BPS" + struct.pack(">H6xHIIHH", 2, 3, 300_000, 300_000, 16, RGB)
    with pytest.raises(PictureError, match="300000×300000 pixels, more than the limit"):
        read(file)
