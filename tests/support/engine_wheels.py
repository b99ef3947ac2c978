"""A small world for the set-up of an engine: an engine that only pretends, its packages, and the real uv."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.checkout import ROOT
from support.wheel_index import make_wheel

WORKER = """
import json, os, sys, tempfile
import small_package

folder = tempfile.mkdtemp(prefix="nst-test-worker-")
def say(**event): print(json.dumps(event), flush=True)
say(event="hello", protocol=1, version="{version}", python="3", models=[], devices=["cpu"], presets=[],
    qualities={{}}, folder=folder)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["request"] == "shutdown":
        break
    if asked["request"] == "stylize":
        given = asked["content"]
        with open(os.path.join(folder, given["file"]), "rb") as file:
            data = file.read()
        with open(os.path.join(folder, "out"), "wb") as file:
            file.write(data)
        say(event="accepted", id=asked["id"])
        say(event="done", id=asked["id"], picture=dict(given, file="out"), stopped=False, settings={{}})
"""
TAGS = {
    "linux-x86_64": "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "linux-arm64": "py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64",
    "windows-x86_64": "py3-none-win_amd64",
    "macos-arm64": "py3-none-macosx_11_0_arm64",
}


def engine_wheel(folder: Path, version: str = "0.1.0", worker: str = WORKER) -> Path:
    """Make a wheel of an nst-onnx whose worker gives pictures back as they are."""
    files = {"nst_onnx/__init__.py": b"", "nst_onnx/worker.py": worker.format(version=version).encode()}
    requires = ["small-package", 'openvino; extra == "openvino"', 'onnxruntime; extra == "cpu"']
    return make_wheel(folder, "nst-onnx", version, files, requires=requires, extras=["cpu", "openvino"])


def packages(folder: Path, kind: str) -> None:
    """Make the wheels of what the engine needs, and of uv for this computer."""
    for name in ("small_package", "onnxruntime", "openvino"):
        make_wheel(folder, name, "1.0", {f"{name}.py": b"# a module\n" * 1000})
    uv = pytest.importorskip("uv", reason="the extra [test] has uv")
    program = Path(uv.find_uv_bin())
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    make_wheel(
        folder,
        "uv",
        version.stdout.split()[1],
        {},
        tag=TAGS[kind],
        data={program.name: program.read_bytes()},
    )


def build_zips(wheel: Path, index: str, output: Path) -> dict[str, Path]:
    """Build the plug-ins' ZIPs as a release does, {editor: ZIP}."""
    if not (ROOT / ".ci" / "plugin_zips").is_dir() or importlib.util.find_spec("packaging") is None:
        pytest.skip("the builder of the ZIPs, or its package 'packaging', is not part of this installation")
    line = [
        sys.executable,
        str(ROOT / ".ci" / "plugin_zips"),
        str(wheel),
        "--index",
        index,
        "--output",
        str(output),
    ]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {Path(path).name.split("-")[2]: Path(path) for path in done.stdout.splitlines()}


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a plug-in's ZIP and return the plug-in's folder."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder / "neural_style"
