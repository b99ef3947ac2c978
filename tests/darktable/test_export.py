"""Photos exported from darktable come back painted, beside the photos and grouped with them."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.real_editor import EXAMPLES

pytestmark = pytest.mark.slow


def photo(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    with Image.open(EXAMPLES / "content" / "harbour.jpg") as opened:
        opened.resize((240, 160)).save(folder / name)
    return folder / name


def test_photos_come_back_painted(darktable, painting, tmp_path):
    photos = [photo(tmp_path / "it's photos", name) for name in ("one.jpg", "two words.jpg")]
    session = darktable(photos, 4, painting)
    session.screen.save(tmp_path / "screen.png")
    painted = [image for image in session.images if "neural style" in image.tags]
    assert sorted(image.path.name for image in painted) == [
        "one_neural-style.png",
        "two words_neural-style.png",
    ], session.output[-3000:]
    for image in painted:
        assert image.path.parent == photos[0].parent
        assert image.leader == image.path.name.replace("_neural-style.png", ".jpg")
        with Image.open(image.path) as result, Image.open(photos[0]) as before:
            assert result.size == before.size
            change = np.abs(np.asarray(result.convert("RGB"), float) - np.asarray(before, float)).mean()
        assert change > 10
        line = ["nst-onnx", "settings", str(image.path), "--json"]
        told = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
        assert (told["strength"], told["style_scale"], told["quality"]) == (0.5, 1.0, "instant")


@pytest.mark.parametrize(
    ("painting", "message"), [("broken.jpg", "one.jpg: "), ("gone.jpg", "choose a painting first")]
)
def test_a_painting_that_cannot_be_read_adds_nothing(darktable, tmp_path, painting, message):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    only = photo(tmp_path / "photos", "one.jpg")
    session = darktable([only], 1, tmp_path / painting)
    assert message in session.output
    assert [image.path for image in session.images] == [only]
    assert [path.name for path in only.parent.iterdir() if path.suffix == ".png"] == []
