from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nst_onnx.errors import PictureError
from nst_onnx.picture import read_settings, write
from nst_onnx.picture.metadata import IMAGE_DESCRIPTION, SOFTWARE, SOFTWARE_TAG, pack, unpack

PICTURE = np.full((4, 5, 3), 0.5, np.float32)
SETTINGS = {
    "style": ["starry night.jpg", "Der Schrei – Münch 🎨.png"],
    "strength": 0.6180339887498949,
    "steps": 200,
    "seed": None,
    "preserve_colour": True,
    "layers": {"conv1_1": 0.2},
    "text": 'quotes " and \\ and\nlines',
}
FORMATS = [(".png", 8), (".png", 16), (".tif", 8), (".tiff", 16), (".jpg", 8), (".jpeg", 8), (".webp", 8)]


@pytest.mark.parametrize(("suffix", "bits"), FORMATS)
def test_settings_round_trip(tmp_path, suffix, bits):
    path = tmp_path / f"out{suffix}"
    write(path, PICTURE, bits=bits, settings=SETTINGS)
    assert read_settings(path) == SETTINGS
    assert read_settings(str(path)) == SETTINGS


@pytest.mark.parametrize(("suffix", "bits"), FORMATS)
def test_no_settings(tmp_path, suffix, bits):
    write(tmp_path / f"out{suffix}", PICTURE, bits=bits)
    assert read_settings(tmp_path / f"out{suffix}") is None
    write(tmp_path / f"empty{suffix}", PICTURE, bits=bits, settings={})
    assert read_settings(tmp_path / f"empty{suffix}") == {}


@pytest.mark.parametrize(("suffix", "bits"), FORMATS)
def test_the_program_is_named(tmp_path, suffix, bits):
    write(tmp_path / f"out{suffix}", PICTURE, bits=bits)
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert SOFTWARE in (image.info.get("Software"), image.getexif().get(SOFTWARE_TAG))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_packing_is_reversible_and_plain(settings):
    packed = pack(settings)
    assert packed.isascii()
    assert "\n" not in packed
    assert "\0" not in packed
    assert unpack(packed) == settings


@given(st.text())
def test_any_other_text_is_none(text):
    assert unpack(text) is None


@pytest.mark.parametrize(
    "value", [{"shape": [3, 4]}, [1], "nst-onnx", 3, None, {"nst-onnx": "1", "settings": [1]}]
)
def test_other_json_is_none(value):
    assert unpack(json.dumps(value)) is None


def test_deeply_nested_text_is_none():
    assert unpack("[" * 100_000) is None


def test_numpy_and_paths_become_plain():
    settings = {
        "weight": np.float32(0.5),
        "steps": np.int64(3),
        "mean": np.array([1.0, 2.0]),
        "out": Path("a") / "b",
    }
    assert unpack(pack(settings)) == {
        "weight": 0.5,
        "steps": 3,
        "mean": [1.0, 2.0],
        "out": str(Path("a") / "b"),
    }


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_long_settings(tmp_path, suffix):
    settings = {"history": ["x" * 100] * 2000}
    write(tmp_path / f"out{suffix}", PICTURE, settings=settings)
    assert read_settings(tmp_path / f"out{suffix}") == settings


def test_jpeg_holds_up_to_one_segment(tmp_path):
    room = 65000 - len(pack({"text": ""}))
    write(tmp_path / "most.jpg", PICTURE, settings={"text": "x" * room})
    assert read_settings(tmp_path / "most.jpg") == {"text": "x" * room}
    with pytest.raises(PictureError, match="the settings take 65001 bytes, more than JPEG can hold"):
        write(tmp_path / "more.jpg", PICTURE, settings={"text": "x" * (room + 1)})
    assert not (tmp_path / "more.jpg").exists()


def test_pictures_of_other_programs_have_none(tmp_path):
    exif = Image.Exif()
    exif[IMAGE_DESCRIPTION] = "OLYMPUS DIGITAL CAMERA"
    Image.new("RGB", (4, 4)).save(tmp_path / "camera.jpg", exif=exif)
    text = PngInfo()
    text.add_text("nst-onnx", "not ours")
    Image.new("RGB", (4, 4)).save(tmp_path / "other.png", pnginfo=text)
    tifffile.imwrite(tmp_path / "science.tif", np.zeros((4, 4), np.uint8))
    for name in ("camera.jpg", "other.png", "science.tif"):
        assert read_settings(tmp_path / name) is None


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(PictureError, match=r"no\.png: there is no such file"):
        read_settings(tmp_path / "no.png")
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "folder.png").mkdir()
    for name in ("text.png", "folder.png"):
        with pytest.raises(PictureError, match="not a whole picture"):
            read_settings(tmp_path / name)
