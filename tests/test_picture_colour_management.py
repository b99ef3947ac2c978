"""ICC conversion against colour science computed here in float64, and against Pillow's ImageCms."""

from __future__ import annotations

import io
import itertools
import struct
import warnings

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from support.png_chunks import add_chunks

from nst_onnx.picture import PictureWarning, read
from nst_onnx.picture.colour_management import srgb_profile, to_srgb

D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
WIDE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))  # Adobe RGB's
NARROW = ((0.58, 0.34), (0.31, 0.55), (0.17, 0.10))  # within sRGB
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def rgb_to_xyz(primaries) -> np.ndarray:
    columns = np.stack([xyz(*primary) for primary in primaries], axis=1)
    return columns * np.linalg.solve(columns, xyz(*D65))


def encode(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def srgb_of_rgb(samples: np.ndarray, primaries, gamma: float) -> np.ndarray:
    return encode(samples**gamma @ (np.linalg.inv(rgb_to_xyz(SRGB)) @ rgb_to_xyz(primaries)).T)


def srgb_of_lab(lab: np.ndarray) -> np.ndarray:
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    relative = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    to_d65 = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ xyz(*D65)) / (BRADFORD @ D50)) @ BRADFORD
    return encode(relative * D50 @ (np.linalg.inv(rgb_to_xyz(SRGB)) @ to_d65).T)


def rgb_profile(primaries, gamma: float) -> bytes:
    flat = [number for primary in primaries for number in primary]
    return imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=flat, gamma=gamma)


def ink_lab(inks: np.ndarray) -> np.ndarray:
    """What the CMYK profile below prints: Lab in whole 8-bit steps, for inks of 0 or 1."""
    c, m, y, k = np.moveaxis(inks, -1, 0)
    lightness = (255 - 80 * c - 90 * m - 20 * y) * (1 - k)
    a = 128 + (-25 * c + 40 * m) * (1 - k)
    b = 128 + (-30 * c + 45 * y) * (1 - k)
    return np.stack([lightness, a, b], axis=-1)


def cmyk_profile() -> bytes:
    """An ICC v2 printer profile with one table of 2⁴ nodes (ICC.1:2001-04, 6.5.8 lut8Type)."""
    identity = struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
    ramp = bytes(range(256))
    nodes = np.array(list(itertools.product((0, 1), repeat=4)), float)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4
    table += ink_lab(nodes).astype(np.uint8).tobytes() + ramp * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in D50))
    tags = [(b"wtpt", white), (b"A2B0", table)]
    offset = 128 + 4 + 12 * len(tags)
    directory, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        data += bytes(-len(data) % 4)
        directory += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    illuminant = struct.pack(">3i", *(round(v * 65536) for v in D50))
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + illuminant
    return header.ljust(128, b"\0") + directory + body


def encoded(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def deep_png(samples: np.ndarray, profile: bytes) -> bytes:
    import zlib

    return add_chunks(imagecodecs.png_encode(samples), [(b"iCCP", b"x\0\0" + zlib.compress(profile))])


def deep_tiff(samples: np.ndarray, profile: bytes, photometric: str) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric=photometric, iccprofile=profile)
    return buffer.getvalue()


@pytest.fixture
def colours() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)


@pytest.mark.parametrize("primaries", [WIDE, NARROW])
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("container", ["png8", "png16", "tiff16", "tiff32"])
def test_rgb_profiles_agree_with_the_formulas(primaries, gamma, container, colours):
    profile = rgb_profile(primaries, gamma)
    samples = colours / 255
    data = {
        "png8": lambda: encoded(Image.fromarray(colours), "PNG", icc_profile=profile),
        "png16": lambda: deep_png(colours.astype(np.uint16) * 257, profile),
        "tiff16": lambda: deep_tiff(colours.astype(np.uint16) * 257, profile, "rgb"),
        "tiff32": lambda: deep_tiff(samples.astype(np.float32), profile, "rgb"),
    }[container]()
    np.testing.assert_allclose(read(data).rgb, srgb_of_rgb(samples, primaries, gamma), atol=2e-3)


def test_a_profile_matters(colours):
    """The tests above would be empty if these profiles changed nothing."""
    profile = rgb_profile(NARROW, 1.8)
    assert np.abs(to_srgb(colours, "rgb", profile, label="") - colours / 255).max() > 0.1


def test_16_bits_stay_16_bits_through_a_profile():
    ramp = np.arange(30000, 30256, dtype=np.uint16).reshape(16, 16)
    rgb = to_srgb(np.repeat(ramp[..., None], 3, axis=2), "rgb", rgb_profile(SRGB, 1.0), label="")
    assert len(np.unique(rgb[..., 0])) == ramp.size


def test_srgb_leaves_colours_exactly(colours):
    deep = colours.astype(np.uint16) * 257
    for profile in (srgb_profile(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        np.testing.assert_allclose(to_srgb(colours, "rgb", profile, label=""), colours / 255, atol=1e-6)
        np.testing.assert_allclose(to_srgb(deep, "rgb", profile, label=""), colours / 255, atol=1e-6)


def test_srgb_profile_is_the_same_at_any_time_and_valid():
    srgb_profile.cache_clear()
    first = srgb_profile()
    assert first[24:36] == struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(first))
    assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_profiles(gamma, dtype):
    ramp = np.arange(256, dtype=dtype).reshape(16, 16) * (1 if dtype == np.uint8 else 257)
    profile = imagecodecs.cms_profile("gray", gamma=gamma)
    data = deep_tiff(ramp, profile, "minisblack")
    expected = encode((np.arange(256).reshape(16, 16, 1) / 255) ** gamma)
    np.testing.assert_allclose(read(data).rgb, np.broadcast_to(expected, (16, 16, 3)), atol=2e-3)


def test_a_gray_picture_with_an_rgb_profile_is_gray_rgb(colours):
    gray = colours[..., 0]
    data = encoded(Image.fromarray(gray), "PNG", icc_profile=rgb_profile(WIDE, 1.8))
    expected = srgb_of_rgb(np.repeat(gray[..., None], 3, axis=2) / 255, WIDE, 1.8)
    np.testing.assert_allclose(read(data).rgb, expected, atol=2e-3)


def test_a_profile_is_applied_to_palette_and_alpha_too(colours):
    profile = rgb_profile(NARROW, 1.8)
    palette = Image.fromarray(colours).quantize(16)
    plain = np.asarray(palette.convert("RGB"))
    expected = srgb_of_rgb(plain / 255, NARROW, 1.8)
    np.testing.assert_allclose(read(encoded(palette, "PNG", icc_profile=profile)).rgb, expected, atol=2e-3)
    with_alpha = np.dstack([plain, colours[..., 0]])
    picture = read(encoded(Image.fromarray(with_alpha), "PNG", icc_profile=profile))
    np.testing.assert_allclose(picture.rgb, expected, atol=2e-3)
    np.testing.assert_allclose(picture.alpha, colours[..., 0] / 255, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_cmyk_profile_prints_its_inks(dtype):
    inks = np.array(list(itertools.product((0, 1), repeat=4))).reshape(4, 4, 4)
    lab = ink_lab(inks.astype(float)).astype(np.uint8) - np.array([0, 128, 128])
    lab = lab * np.array([100 / 255, 1, 1])
    data = deep_tiff((inks * np.iinfo(dtype).max).astype(dtype), cmyk_profile(), "separated")
    with warnings.catch_warnings():
        warnings.simplefilter("error", PictureWarning)
        rgb = read(data).rgb
    np.testing.assert_allclose(rgb, srgb_of_lab(lab), atol=6e-3)


def test_cmyk_and_rgb_agree_with_pillow_on_8_bits(colours):
    """Another path through LittleCMS: 8 bits in and out, by Pillow."""
    srgb = ImageCms.createProfile("sRGB")
    cmyk = np.dstack([colours, colours[::-1, :, 0]])
    cases = [(colours, "RGB", "rgb", rgb_profile(WIDE, 2.2)), (cmyk, "CMYK", "cmyk", cmyk_profile())]
    for samples, mode, space, profile in cases:
        theirs = ImageCms.profileToProfile(
            Image.frombytes(mode, samples.shape[1::-1], samples.tobytes()),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            srgb,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            outputMode="RGB",
        )
        ours = to_srgb(samples, space, profile, label="")
        np.testing.assert_allclose(ours * 255, np.asarray(theirs), atol=1.6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_cmyk_without_a_profile_is_subtractive(dtype):
    full = np.iinfo(dtype).max
    inks = np.random.default_rng(0).integers(0, full + 1, (5, 6, 4)).astype(dtype)
    share = inks / full
    expected = (1 - share[..., :3]) * (1 - share[..., 3:])
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, inks, photometric="separated")
    np.testing.assert_allclose(read(buffer.getvalue()).rgb, expected, atol=1e-6)


def test_cmyk_jpeg_is_not_a_negative():
    """Adobe stores CMYK JPEG inverted; Pillow undoes it, and writes it the same way."""
    paper = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    assert read(encoded(paper, "JPEG")).rgb.min() > 0.99
    black = Image.new("CMYK", (8, 8), (0, 0, 0, 255))
    assert read(encoded(black, "JPEG")).rgb.max() < 0.01


@pytest.mark.parametrize("bits", [8, 16])
def test_lab_tiff(bits):
    lab = np.array(
        [[[0, 0, 0], [100, 0, 0], [50, 0, 0]], [[60, 20, 30], [40, -20, -10], [75, 10, -20]]], float
    )
    if bits == 8:
        stored = np.round(lab * [255 / 100, 1, 1]).astype(np.int16).astype(np.uint8)
    else:
        stored = np.round(lab * [65535 / 100, 256, 256]).astype(np.int32).astype(np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, stored, photometric="cielab")
    np.testing.assert_allclose(
        read(buffer.getvalue()).rgb, srgb_of_lab(lab), atol=4e-3 if bits == 8 else 1e-3
    )


@pytest.mark.parametrize(
    "profile",
    [b"junk", b"\0" * 200, srgb_profile()[:200], srgb_profile()[:129], srgb_profile()[:300] + b"\xff" * 300],
    ids=["junk", "zeros", "cut", "header only", "overwritten"],
)
def test_a_broken_profile_is_a_warning(profile, colours):
    with pytest.warns(
        PictureWarning, match=r"^the style painting.*ICC profile .*colours may be slightly off"
    ):
        rgb = to_srgb(colours, "rgb", profile, label="the style painting.png")
    np.testing.assert_allclose(rgb, colours / 255, atol=1e-6)


def test_a_broken_profile_in_a_file_is_a_warning_with_its_name(tmp_path, colours):
    path = tmp_path / "painting.png"
    path.write_bytes(encoded(Image.fromarray(colours), "PNG", icc_profile=b"not a profile"))
    with pytest.warns(PictureWarning, match=r"painting\.png"):
        picture = read(path, what="style")
    np.testing.assert_allclose(picture.rgb, colours / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "space", "profile"),
    [
        (np.zeros((2, 2, 3), np.uint8), "rgb", cmyk_profile()),
        (np.zeros((2, 2, 3), np.uint8), "rgb", imagecodecs.cms_profile("gray", gamma=2.2)),
        (np.zeros((2, 2, 4), np.uint8), "cmyk", srgb_profile()),
        (np.zeros((2, 2), np.uint16), "gray", cmyk_profile()),
        (np.zeros((2, 2, 3), np.uint8), "rgb", imagecodecs.cms_profile("xyz")),
    ],
)
def test_a_profile_of_another_space_is_a_warning(samples, space, profile):
    with pytest.warns(PictureWarning, match=f"pictures and it is {space}"):
        rgb = to_srgb(samples, space, profile, label="x")
    assert rgb.shape == (2, 2, 3)


@pytest.mark.parametrize("gamma", [1.0, 0.55])
def test_png_gamma_without_a_profile(gamma, colours):
    chunk = (b"gAMA", struct.pack(">I", round(gamma * 100000)))
    for data, deep in (
        (encoded(Image.fromarray(colours), "PNG"), 1),
        (imagecodecs.png_encode(colours.astype("u2") * 257), 2),
    ):
        rgb = read(add_chunks(data, [chunk])).rgb
        np.testing.assert_allclose(rgb, encode((colours / 255) ** (1 / gamma)), atol=3e-3 / deep)


def test_png_chromaticities_without_a_profile(colours):
    numbers = [*D65, *(number for primary in NARROW for number in primary)]
    chunks = [
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", *(round(number * 100000) for number in numbers))),
    ]
    rgb = read(add_chunks(encoded(Image.fromarray(colours), "PNG"), chunks)).rgb
    np.testing.assert_allclose(rgb, srgb_of_rgb(colours / 255, NARROW, 2.2), atol=3e-3)


@pytest.mark.parametrize(
    "chunks", [[(b"gAMA", struct.pack(">I", 45455))], [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 30000))]]
)
def test_png_gamma_of_srgb_changes_nothing(chunks, colours):
    rgb = read(add_chunks(encoded(Image.fromarray(colours), "PNG"), chunks)).rgb
    np.testing.assert_allclose(rgb, colours / 255, atol=1e-6)
