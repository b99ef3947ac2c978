from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from nst_onnx.errors import PictureError
from nst_onnx.picture import Picture, read


def encoded(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def colours() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)


@pytest.fixture
def smooth() -> np.ndarray:
    down, across = np.mgrid[0:16, 0:24]
    return np.stack([down * 16, across * 10, 255 - down * 8], axis=-1).astype(np.uint8)


# Where a picture comes from


def test_path_string_bytes_and_pillow_agree(tmp_path, colours):
    path = tmp_path / "photo.png"
    data = encoded(Image.fromarray(colours), "PNG")
    path.write_bytes(data)
    sources = [
        path,
        str(path),
        data,
        bytearray(data),
        memoryview(data),
        Image.open(path),
        Image.fromarray(colours),
    ]
    for source in sources:
        picture = read(source)
        np.testing.assert_allclose(picture.rgb, colours / 255, atol=1e-7)
        assert picture.rgb.dtype == np.float32
        assert picture.rgb.flags.c_contiguous
        assert picture.alpha is None
        assert picture.bits == 8
    assert read(path).name == "photo.png"
    assert read(data).name == "bytes"
    assert read(Image.open(path)).name == "photo.png"
    assert read(Image.fromarray(colours)).name == "image"


def test_a_picture_is_returned_as_it_is(colours):
    picture = read(colours)
    assert isinstance(picture, Picture)
    assert read(picture) is picture


def test_reading_leaves_a_pillow_image_alone(colours):
    image = Image.fromarray(colours).convert("CMYK")
    before = image.tobytes()
    read(image)
    assert image.mode == "CMYK"
    assert image.tobytes() == before


@pytest.mark.parametrize("source", [None, 3, 1.5, [1, 2], {"a": 1}, object()])
def test_other_things_are_refused(source):
    with pytest.raises(PictureError, match=r"cannot read the style: it is a \w+") as caught:
        read(source, what="style")
    assert "path" in caught.value.hint


# Formats


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM", "SGI"])
def test_lossless_formats(form, colours):
    np.testing.assert_allclose(read(encoded(Image.fromarray(colours), form)).rgb, colours / 255, atol=1e-7)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats(form, smooth):
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    rgb = read(encoded(Image.fromarray(smooth), form, quality=95)).rgb
    assert np.abs(rgb - smooth / 255).mean() < 0.02


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(form):
    frames = [Image.new("RGB", (6, 5), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
    np.testing.assert_allclose(read(data).rgb[2, 3], [1, 0, 0], atol=0.02)


def test_an_opened_animation_is_read_at_its_current_frame():
    frames = [Image.new("RGB", (6, 5), colour) for colour in ("red", "lime", "blue")]
    image = Image.open(io.BytesIO(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    image.seek(1)
    np.testing.assert_allclose(read(image).rgb[2, 3], [0, 1, 0], atol=0.02)


# Modes


def test_gray(colours):
    gray = colours[..., 0]
    for image in (Image.fromarray(gray), Image.open(io.BytesIO(encoded(Image.fromarray(gray), "PNG")))):
        np.testing.assert_allclose(read(image).rgb, np.repeat(gray[..., None], 3, 2) / 255, atol=1e-7)


def test_one_bit():
    bits = np.random.default_rng(0).random((9, 11)) > 0.5
    for source in (
        Image.fromarray(bits),
        encoded(Image.fromarray(bits), "PNG"),
        encoded(Image.fromarray(bits), "TIFF"),
    ):
        np.testing.assert_array_equal(read(source).rgb[..., 0], bits.astype(np.float32))


def test_white_is_zero_tiff():
    gray = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    data = encoded(Image.fromarray(gray), "TIFF", tiffinfo={262: 0})
    np.testing.assert_allclose(
        read(data).rgb[..., 0], np.asarray(Image.open(io.BytesIO(data))) / 255, atol=1e-7
    )


@pytest.mark.parametrize("form", [None, "PNG", "TIFF"])
def test_gray_with_alpha(form, colours):
    image = Image.fromarray(np.ascontiguousarray(colours[..., :2]), "LA")
    picture = read(image if form is None else encoded(image, form))
    np.testing.assert_allclose(picture.rgb[..., 2], colours[..., 0] / 255, atol=1e-7)
    np.testing.assert_allclose(picture.alpha, colours[..., 1] / 255, atol=1e-7)


@pytest.mark.parametrize("form", [None, "PNG", "TIFF", "WEBP"])
def test_colours_under_transparency_are_kept(form, colours):
    alpha = np.zeros((9, 11), np.uint8)
    alpha[:4] = 255
    alpha[4] = 128
    image = Image.fromarray(np.dstack([colours, alpha]))
    picture = read(image if form is None else encoded(image, form, lossless=True, exact=True))
    np.testing.assert_allclose(picture.rgb, colours / 255, atol=1e-7)
    np.testing.assert_allclose(picture.alpha, alpha / 255, atol=1e-7)


def test_palette_with_one_transparent_colour(colours):
    image = Image.fromarray(colours).quantize(8)
    data = encoded(image, "PNG", transparency=3)
    picture = read(data)
    np.testing.assert_array_equal(picture.alpha == 0, np.asarray(image) == 3)
    np.testing.assert_allclose(picture.rgb, np.asarray(image.convert("RGB")) / 255, atol=1e-7)


def test_palette_with_many_transparencies(colours):
    image = Image.fromarray(colours).quantize(8)
    table = bytes(range(10, 90, 10))
    picture = read(encoded(image, "PNG", transparency=table))
    np.testing.assert_allclose(
        picture.alpha, np.frombuffer(table, np.uint8)[np.asarray(image)] / 255, atol=1e-7
    )


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (1, 2, 3)), ("1", 0)])
def test_a_transparent_colour(mode, key):
    image = Image.new(mode, (4, 3), 255 if mode == "1" else 200 if mode == "L" else (9, 9, 9))
    image.putpixel((1, 2), key)
    alpha = read(encoded(image, "PNG", transparency=key)).alpha
    assert alpha is not None
    assert alpha[2, 1] == 0
    assert alpha.sum() == alpha.size - 1


def test_gif_transparency():
    image = Image.new("P", (4, 3), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 1)
    alpha = read(encoded(image, "GIF", transparency=1)).alpha
    assert alpha is not None
    assert alpha[0, 0] == 0
    assert alpha.sum() == 11


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "RGBX"])
def test_other_modes_are_taken_as_pillow_converts_them(mode, smooth):
    image = Image.fromarray(smooth).convert(mode)
    np.testing.assert_allclose(read(image).rgb, np.asarray(image.convert("RGB")) / 255, atol=1e-7)


@pytest.mark.parametrize("mode", ["RGBa", "La"])
def test_premultiplied_modes(mode):
    straight = Image.new(
        "RGBA" if mode == "RGBa" else "LA", (2, 2), (200, 100, 40, 128) if mode == "RGBa" else (200, 128)
    )
    picture = read(straight.convert(mode))
    np.testing.assert_allclose(picture.alpha, 128 / 255, atol=1e-6)
    np.testing.assert_allclose(picture.rgb[0, 0, 0], 200 / 255, atol=0.01)


def test_pillow_images_of_16_and_32_bits():
    ramp = np.arange(30000, 30256, dtype=np.uint16).reshape(16, 16)
    expected = ramp / 65535
    for image in (
        Image.fromarray(ramp),
        Image.fromarray(ramp.astype(np.int32)),
        Image.fromarray(expected.astype(np.float32)),
        Image.frombytes("I;16B", (16, 16), ramp.astype(">u2").tobytes()),
    ):
        picture = read(image)
        np.testing.assert_allclose(picture.rgb[..., 1], expected, atol=1e-6)
        assert picture.bits == 16


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 2), 70000, np.int32), "from 70000 to 70000, not from 0 to 65535"),
        (np.full((2, 2), -1, np.int32), "from -1"),
        (np.full((2, 2), 2, np.float32), "from 2 to 2, not from 0 to 1"),
        (np.full((2, 2), np.nan, np.float32), "NaN"),
    ],
)
def test_pillow_images_out_of_range(array, message):
    with pytest.raises(PictureError, match=message):
        read(Image.fromarray(array))


# Sizes


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_tiny_and_extreme_shapes(shape, form):
    data = encoded(Image.new("RGB", shape[::-1], (200, 100, 50)), form)
    picture = read(data)
    assert picture.shape == shape
    np.testing.assert_allclose(picture.rgb[-1, -1], np.array([200, 100, 50]) / 255, atol=0.03)


# What cannot be read


def refused(source, **options) -> PictureError:
    with pytest.raises(PictureError) as caught:
        read(source, **options)
    message = str(caught.value)
    assert message.startswith("cannot read the ")
    assert "\n" not in message
    assert not message.endswith(".")
    return caught.value


def test_missing_file(tmp_path):
    assert "content photo" in str(refused(tmp_path / "no.jpg", what="content photo"))
    assert "no.jpg: there is no such file" in str(refused(tmp_path / "no.jpg"))
    assert "there is no such file" in str(refused("photo\0.jpg"))
    assert "no such file" in str(refused(tmp_path / "file.jpg" / "deeper.jpg"))
    assert "too long" in str(refused("x" * 5000 + ".png"))


def test_folder(tmp_path):
    assert "it is a folder" in str(refused(tmp_path))
    assert "its name is empty" in str(refused(""))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in str(refused(tmp_path / "pipe.png"))


def test_unreadable_file(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    assert "permission denied" in str(refused(path))


def test_empty(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    assert "empty.png: it is empty (0 bytes)" in str(refused(path))
    assert "given as bytes: it is empty" in str(refused(b""))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"just some text, no picture at all\n" * 30, "not a picture"),
        (bytes(1000), "not a picture"),
        (np.random.default_rng(0).bytes(1000), "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(300), "a HEIC picture"),
        (b"\0\0\0\x18ftypmif1" + bytes(300), "a HEIC picture"),
        (b"\0\0\0\x18ftypisom" + bytes(300), "a video"),
        (b"\xff\x0a" + bytes(300), "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300), "a JPEG XL picture"),
        (b"%PDF-1.7\n" + bytes(300), "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "a PostScript document"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"<!DOCTYPE html><html><title>404 Not Found</title>", "a web page"),
        (b"PK\x03\x04" + bytes(300), "an archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(300), "a Canon camera's raw file"),
    ],
)
def test_what_is_no_picture(data, message):
    error = refused(data)
    assert message in str(error)
    assert "PNG" in error.hint


def test_a_wrong_suffix_does_not_matter(tmp_path, colours):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(Image.fromarray(colours), "PNG"))
    np.testing.assert_allclose(read(path).rgb, colours / 255, atol=1e-7)


def test_real_photographs():
    folder = Path(__file__).resolve().parents[2] / "shared" / "images"
    if not folder.is_dir():
        pytest.skip("shared/images is not beside the repository")
    for path in sorted(folder.glob("*.jpg")):
        picture = read(path)
        with Image.open(path) as image:
            np.testing.assert_allclose(picture.rgb, np.asarray(image.convert("RGB")) / 255, atol=1e-6)


def test_importing_is_light():
    """Decoders are loaded by the first picture, not by the import."""
    program = "import sys, nst_onnx.picture, nst_onnx.picture.colour; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"PIL", "tifffile", "imagecodecs", "scipy", "onnxruntime"}.isdisjoint(done.stdout.split())


def test_a_damaged_tiff_is_told_in_one_place():
    """tifffile logs what it meets; that must not reach a person beside our one message."""
    program = """
import io, numpy, tifffile
from nst_onnx.errors import PictureError
from nst_onnx.picture import read
buffer = io.BytesIO()
tifffile.imwrite(buffer, numpy.zeros((5, 5, 3), numpy.uint16), photometric="rgb")
data = bytearray(buffer.getvalue())
data[12] = 99  # the type of the first tag
try:
    read(bytes(data))
except PictureError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cannot read the picture given as bytes")
    assert done.stderr == ""
