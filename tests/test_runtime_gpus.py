"""A GPU's memory bounds the tiles computed on it. The driver's program is a script here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.networks import vgg_network

from nst_onnx.objective.losses import content, style
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.objective.tiles.memory_model import tile_pixels
from nst_onnx.runtime import Device, gpus
from nst_onnx.support.memory import Memory

TERMS = Terms((Term(content.LOSS, "conv3_1"), Term(style.LOSS, "conv1_1"), Term(style.LOSS, "conv2_1")))

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the driver's program is a shell script here")


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    gpus.memory.cache_clear()
    yield
    gpus.memory.cache_clear()


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text("\n".join(["#!/bin/sh", *lines]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_what_the_driver_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, monkeypatch, 'case "$1" in --id=1) echo 24576;; *) echo 8192;; esac')
    assert (gpus.memory(0), gpus.memory(1)) == (8 << 30, 24 << 30)


@pytest.mark.parametrize("lines", [("exit 9",), ("echo '[Not Supported]'",), ("echo",)])
def test_what_it_does_not_say(
    lines: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(tmp_path, monkeypatch, *lines)
    assert gpus.memory(0) is None


def test_without_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.memory(0) is None


def test_tiles_fit_on_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much memory the machine itself has."""
    network = Network(vgg_network(tmp_path).extractor, Device("cuda"))
    machine = Memory(1 << 40, explicit=False)
    pixels = []
    for gigabytes in (4, 8):
        driver(tmp_path, monkeypatch, f"echo {gigabytes << 10}")
        gpus.memory.cache_clear()
        pixels.append(tile_pixels(network, TERMS, machine))
    assert pixels[0] < pixels[1] < tile_pixels(vgg_network(tmp_path), TERMS, machine)
