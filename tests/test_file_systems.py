"""Folders that may not be looked into, links in a circle, file systems without permissions, no home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.checkout import ROOT

from nst_onnx.errors import NstError, PictureError
from nst_onnx.models import catalogue
from nst_onnx.picture import check_writable, read_settings, write
from nst_onnx.support.atomic_files import replacing

RGB = np.full((8, 8, 3), 0.5, np.float32)


def denied(*args: object, **kwargs: object) -> None:
    raise PermissionError(13, "Permission denied", "somewhere")


def test_a_file_system_without_permissions(tmp_path, monkeypatch):
    """CIFS and exFAT refuse chmod: the file is replaced for all that."""
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "chmod", denied)
    write(path, RGB)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_links_in_a_circle(tmp_path):
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    for call in (lambda: check_writable(tmp_path / "a.png"), lambda: write(tmp_path / "a.png", RGB)):
        with pytest.raises(PictureError, match=r"a\.png.*(symbolic links|symlink)"):
            call()
    with pytest.raises(OSError), replacing(tmp_path / "a.png"):
        pass
    assert (tmp_path / "a.png").is_symlink()


def test_a_name_too_long(tmp_path):
    with pytest.raises(PictureError, match="cannot write"):
        check_writable(tmp_path / f"{'x' * 300}.png")


@pytest.mark.parametrize("method", ["is_dir", "exists"])
def test_a_folder_that_may_not_be_looked_into(tmp_path, monkeypatch, method):
    """Before Python 3.14 these methods raise what `os.path` swallows."""
    monkeypatch.setattr(Path, method, denied)
    with pytest.raises(PictureError, match="permission denied"):
        check_writable(tmp_path / "out.png")


def test_a_cache_that_may_not_be_looked_into(monkeypatch, tmp_path):
    """The shipped network needs none."""
    monkeypatch.delenv("NST_ONNX_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    shipped = catalogue.locate()
    real = Path.is_file
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "locked"))
    monkeypatch.setattr(Path, "is_file", lambda self: denied() if "locked" in self.parts else real(self))
    assert catalogue.locate() == shipped
    assert not catalogue.trained()


def test_a_user_without_a_home(monkeypatch):
    def homeless(*args: object, **kwargs: object) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("NST_ONNX_HOME", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", homeless)
    assert catalogue.home().name == "nst-onnx"
    assert not catalogue.home().exists()
    with pytest.raises(NstError):
        catalogue.add(ROOT / "model" / "compact.onnx", name="mine")


def test_settings_of_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    write(tmp_path / "a.png", RGB)
    monkeypatch.setattr("PIL.Image.open", denied)
    with pytest.raises(PictureError, match="permission denied"):
        read_settings(tmp_path / "a.png")


@pytest.mark.skipif(os.name != "posix", reason="a folder in use cannot be deleted there")
def test_the_working_folder_is_deleted(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    write(tmp_path / "c.png", RGB)
    line = (
        "import os, sys; os.rmdir(sys.argv[1]); from nst_onnx.cli import main; sys.exit(main(sys.argv[2:]))"
    )
    paths = [str(tmp_path / name) for name in ("c.png", "c.png", "out.png")]
    words = ["stylize", *paths[:2], "-o", paths[2], "--size", "32", "--steps", "1", "--device", "cpu", "-q"]
    done = subprocess.run(
        [sys.executable, "-c", line, str(gone), *words],
        cwd=gone,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    assert (tmp_path / "out.png").exists()
