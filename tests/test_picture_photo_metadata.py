"""The photo's metadata in the painting: author, rights, dates, resolution, XMP; its place only if asked."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from support import heic_files

from nst_onnx import stylize
from nst_onnx.errors import OptionError
from nst_onnx.picture import read, read_settings, write
from nst_onnx.picture.photo_metadata import PhotoMetadata

SUFFIXES = ("png", "jpg", "tif", "webp")
PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
XMP = """<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmp:Rating="4" tiff:Orientation="6"
 exif:GPSLatitude="52,31N" photoshop:City="Berlin">
<dc:creator><rdf:Seq><rdf:li>Ämilie Other</rdf:li></rdf:Seq></dc:creator></rdf:Description>
</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""


def photo(**more) -> bytes:
    """A JPEG of 300 dpi, turned, with an author, dates, a serial number, a maker's notes, and a place."""
    image = Image.fromarray(PIXELS)
    exif = image.getexif()
    exif[0x0112], exif[0x013B], exif[0x8298], exif[0x0132] = (
        6,
        "A. N. Other",
        "(c) 2020",
        "2020:01:02 03:04:05",
    )
    exif.get_ifd(0x8769).update(
        {0x9003: "2020:01:02 03:04:05", 0xA431: "SERIAL42", 0x927C: b"MAKERNOTE" * 50}
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, dpi=(300, 300), exif=exif, xmp=XMP.encode(), **more)
    return buffer.getvalue()


def painted(folder: Path, suffix: str, source: bytes, **how) -> Path:
    path = folder / f"out.{suffix}"
    stylize(source, PIXELS, size=32, steps=1, pyramid=False).save(path, **how)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_kept(tmp_path, suffix):
    path = painted(tmp_path, suffix, photo())
    with Image.open(path) as image:
        exif = image.getexif()
        resolution = image.info.get("dpi") or (exif.get(0x011A), exif.get(0x011B))
        assert [round(float(one)) for one in resolution] == [300, 300]
        assert exif[0x013B] == "A. N. Other"
        assert exif[0x8298] == "(c) 2020"
        assert exif.get_ifd(0x8769).get(0x9003, exif.get(0x0132)) == "2020:01:02 03:04:05"
        assert exif.get(0x0112, 1) == 1
        assert image.size == (24, 32)  # upright, once
        assert not exif.get_ifd(0x8825)
    data = path.read_bytes()
    assert "Ämilie Other".encode() in data
    assert b'Rating="4"' in data
    for absent in (b"SERIAL42", b"MAKERNOTE", b"Orientation=", b"GPSLatitude", b"Berlin"):
        assert absent not in data
    assert read_settings(path)["steps"] == 1


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_the_place_if_asked(tmp_path, suffix):
    path = painted(tmp_path, suffix, photo(), metadata="place")
    with Image.open(path) as image:
        assert image.getexif().get_ifd(0x8825)[2] == (52.0, 31.0, 12.0)
    assert b"GPSLatitude" in path.read_bytes()
    assert b"Berlin" in path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_if_asked(tmp_path, suffix):
    data = painted(tmp_path, suffix, photo(), metadata="none").read_bytes()
    for absent in (b"Other", b"2020", b"xmpmeta", b"Rating"):
        assert absent not in data


@pytest.mark.parametrize("wrong", ["all", None, True, 3, []])
def test_another_word(tmp_path, wrong):
    with pytest.raises(OptionError, match="metadata must be"):
        painted(tmp_path, "png", photo(), metadata=wrong)


def test_from_heic_tiff_and_png(tmp_path):
    assert read(heic_files.TURNED).metadata.tags[0x013B] == "A. N. Other"
    deep = io.BytesIO()
    artist = [(0x013B, "s", 0, "A. N. Other", True)]
    samples = PIXELS.astype(np.uint16) * 257
    tifffile.imwrite(
        deep, samples, photometric="rgb", resolution=(240, 240), resolutionunit=2, extratags=artist
    )
    found = read(deep.getvalue()).metadata
    assert (found.tags[0x013B], found.dpi) == ("A. N. Other", (240, 240))
    first = tmp_path / "first.png"
    write(first, read(photo()).rgb, metadata=read(photo()).metadata)
    assert read(first).metadata == read(photo()).metadata


def test_without_metadata_the_file_is_as_before(tmp_path):
    """The same bytes, whether the source had none or none is kept."""
    rgb = PIXELS / np.float32(255)
    write(tmp_path / "a.jpg", rgb)
    write(tmp_path / "b.jpg", rgb, metadata=None)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    assert read(PIXELS).metadata is None


@pytest.mark.parametrize(
    "packet",
    [
        b"\xff\xfe<x/>",
        "<x:xmpmeta",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        XMP.replace("Ämilie", "Ä" * 70_000),
        "<x/>",
        7,
    ],
)
def test_an_unreadable_or_huge_packet_is_left_out(packet):
    assert PhotoMetadata.of(xmp=packet).xmp is None


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*" + bytes(30), b"x" * 99]
)
@pytest.mark.parametrize("dpi", [None, (0, 0), (float("nan"), 300), (1e9, 1e9), (300,), "300", (1, 0)])
def test_damaged_values_are_left_out(exif, dpi):
    found = PhotoMetadata.of(exif=exif, dpi=dpi)
    assert (found.tags, found.exif, found.place, found.dpi) == ({}, {}, {}, None)


@pytest.mark.parametrize("side", [24, 400])
def test_settings_and_metadata_share_one_segment_of_a_jpeg(tmp_path, side):
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    pixels = np.stack(np.broadcast_arrays(ramp, ramp[:, None], np.float32(0.5)), -1)
    texts = dict.fromkeys((315, 33432, 271, 272), "x" * 500)
    metadata = PhotoMetadata(tags=texts, exif=dict.fromkeys((36867, 36868, 42035, 42036), "y" * 500))
    for length in (58_000, 64_900):  # the settings go first
        path = tmp_path / f"{length}.jpg"
        write(path, pixels, settings={"note": "z" * length}, metadata=metadata)
        assert read_settings(path) == {"note": "z" * length}
        np.testing.assert_allclose(read(path).rgb, pixels, atol=0.05)
        assert bool(read(path).metadata.tags) == (length == 58_000)
