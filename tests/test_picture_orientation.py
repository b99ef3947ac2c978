from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps
from support.png_chunks import add_chunks

from nst_onnx.picture import read
from nst_onnx.picture.orientation import TAG, as_stored, upright_shape

GRAY_8 = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[TAG] = orientation
    return tags


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Turn samples the way reading does: into a view of the upright picture that lies as they do."""
    turned = np.empty((*upright_shape(samples.shape, orientation), *samples.shape[2:]), samples.dtype)
    as_stored(turned, orientation)[:] = samples
    return turned


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [(), (3,)])
def test_all_eight_agree_with_pillow(orientation, channels):
    samples = np.random.default_rng(0).integers(0, 256, (4, 6, *channels), dtype=np.uint8)
    image = Image.fromarray(samples)
    image.info["exif"] = exif(orientation).tobytes()
    np.testing.assert_array_equal(upright(samples, orientation), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", [0, 9, -1, 77])
def test_other_values_leave_the_picture(orientation):
    np.testing.assert_array_equal(upright(GRAY_8, orientation), GRAY_8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_files_of_8_bits_are_turned_once(form, orientation):
    buffer = io.BytesIO()
    Image.fromarray(GRAY_8).convert("RGB").save(buffer, form, exif=exif(orientation), lossless=True)
    rgb = read(buffer.getvalue()).rgb
    np.testing.assert_allclose(rgb[..., 0] * 255, upright(GRAY_8, orientation), atol=1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_turned(orientation):
    buffer = io.BytesIO()
    Image.fromarray(GRAY_8).save(buffer, "JPEG", quality=100, exif=exif(orientation))
    rgb = read(buffer.getvalue()).rgb
    np.testing.assert_allclose(rgb[..., 0] * 255, upright(GRAY_8, orientation), atol=6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("behind_pixels", [False, True])
def test_png_of_16_bits_is_turned(orientation, behind_pixels):
    deep = GRAY_8.astype(np.uint16) * 257 + 3
    block = exif(orientation).tobytes().removeprefix(b"Exif\0\0")
    png = add_chunks(imagecodecs.png_encode(deep), [(b"eXIf", block)])
    if behind_pixels:
        length = 12 + len(block)
        png = png[:33] + png[33 + length : -12] + png[33 : 33 + length] + png[-12:]
    np.testing.assert_allclose(read(png).rgb[..., 1] * 65535, upright(deep, orientation), atol=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_of_16_bits_is_turned_with_its_alpha(orientation):
    deep = np.random.default_rng(0).integers(0, 65536, (4, 6, 4), dtype=np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        deep,
        photometric="rgb",
        extrasamples=["unassalpha"],
        extratags=[(TAG, 3, 1, orientation, True)],
    )
    picture = read(buffer.getvalue())
    expected = upright(deep, orientation)
    np.testing.assert_allclose(picture.rgb * 65535, expected[..., :3], atol=0.01)
    np.testing.assert_allclose(picture.alpha * 65535, expected[..., 3], atol=0.01)


def test_a_pillow_image_is_turned_unless_it_already_is():
    buffer = io.BytesIO()
    Image.fromarray(GRAY_8).save(buffer, "PNG", exif=exif(6))
    lying = Image.open(buffer)
    standing = ImageOps.exif_transpose(Image.open(buffer))
    np.testing.assert_array_equal(read(lying).rgb, read(standing).rgb)
    assert read(lying).shape == (6, 4)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_is_no_reason_to_refuse():
    buffer = io.BytesIO()
    Image.fromarray(GRAY_8).save(buffer, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    assert read(buffer.getvalue()).shape == (4, 6)
