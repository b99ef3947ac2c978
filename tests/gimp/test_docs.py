"""The example for scripts in docs/gimp.md runs as it stands there."""

import os
import re
import shlex
import shutil
import subprocess

import pytest
from PIL import Image

from .conftest import CONSOLE, HERE, PHOTO, STYLE

PAGE = HERE.parents[1] / "docs" / "gimp.md"


def _block(language, word):
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if word in block)


@pytest.mark.slow
def test_the_example_paints(profile, tmp_path):
    (tmp_path / "paint.py").write_text(_block("python", "lookup_procedure"))
    Image.open(PHOTO).resize((160, 120)).save(tmp_path / "photo.jpg")
    shutil.copyfile(STYLE, tmp_path / "painting.jpg")
    line = shlex.split(_block("bash", "paint.py"))
    line[0] = CONSOLE
    environment = {**os.environ, "GIMP3_DIRECTORY": str(profile)}
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (tmp_path / "painted.png").is_file(), done.stdout + done.stderr
    painted = Image.open(tmp_path / "painted.png")
    assert painted.size == (160, 120)
    assert painted.convert("RGB").tobytes() != Image.open(tmp_path / "photo.jpg").tobytes()


def test_every_control_is_explained(gimp):
    """In the guide, and on the page behind the Help button."""
    labels = gimp("labels")["labels"]
    help_page = HERE.parents[1] / "plugin" / "gimp" / "neural_style" / "help" / "en" / "neural-style.html"
    explained = re.findall(r"<dt>(.*?)</dt>", help_page.read_text())
    assert sorted(", ".join(explained).split(", ")) == sorted(labels)
    rows = re.findall(r"^\| ([A-Z][^|]*?) \| [^|]+ \|$", PAGE.read_text(), re.MULTILINE)
    assert set(labels) <= set(", ".join(rows).split(", "))
