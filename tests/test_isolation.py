"""The suite sees nothing of what the user has set or installed (support/environment.py)."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
from support.checkout import ROOT
from support.environment import isolated
from support.networks import vgg_weights

from nst_onnx.models import catalogue, vgg

SETTINGS = {
    "NST_ONNX_MODEL": "/nowhere/model.onnx",
    "NST_ONNX_DEVICE": "abacus",
    "LANG": "tr_TR.UTF-8",
    "LC_ALL": "de_DE.UTF-8",
    "COLUMNS": "30",
    "FORCE_COLOR": "1",
    "TERM": "xterm-256color",
    "http_proxy": "http://127.0.0.1:9",
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "error",
    "GIMP3_DIRECTORY": "/nowhere",
    "RAY_ADDRESS": "127.0.0.1:9",
    "MPLBACKEND": "TkAgg",
}
EXPOSED = (
    "tests/test_cli_help.py::test_every_command_explains_itself[stylize]",
    "tests/test_cli_models.py::test_the_model_that_auto_takes_is_marked",
    "tests/test_cli_resume.py::test_ctrl_c_before_there_is_anything_to_save",
    "tests/test_plugin_gimp.py",
)
"""Tests that would find the user's network in processes of their own, profiles of editors, and settings."""


def users(home: Path) -> dict[str, str]:
    """Return the environment of a user with settings, a VGG and a profile of GIMP below `home`."""
    for cache in (home / ".cache", home / "cache"):
        models = cache / "nst-onnx" / "models"
        models.mkdir(parents=True)
        onnx.save(vgg.build(vgg_weights("vgg19")), models / "vgg19.onnx")
    for config in (home / ".config", home / "config"):
        (config / "GIMP" / "3.0").mkdir(parents=True)
    folders = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "NST_ONNX_HOME": str(home / "cache" / "nst-onnx"),
    }
    return {**os.environ, **SETTINGS, **folders}


def test_the_suite_passes_whatever_the_user_has_set(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *EXPOSED],
        cwd=ROOT,
        env=users(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_what_is_kept(tmp_path: Path) -> None:
    given = {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "1", **SETTINGS}
    found = isolated(given, tmp_path)
    assert set(found) & set(given) == {"PATH", "CUDA_VISIBLE_DEVICES", "LANG"}
    assert found["LANG"] == "C.UTF-8"
    assert Path(found["HOME"]) == tmp_path


def test_this_process_is_isolated() -> None:
    assert {name for name in os.environ if name.startswith("NST_ONNX_")} == {"NST_ONNX_HOME"}
    assert [entry for entry in catalogue.installed() if entry.origin == "installed"] == []
    assert not (Path.home() / ".config" / "GIMP").exists()
