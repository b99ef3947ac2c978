"""Which network, and how precisely: the same answer for every way to paint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.command import Outcome
from support.networks import vgg_weights

import nst_onnx
from nst_onnx.editors.worker.model_cache import ModelCache
from nst_onnx.jobs.batch import Job
from nst_onnx.models import catalogue, vgg
from nst_onnx.painting import network_choice
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.presets import PRESETS
from nst_onnx.picture import read_settings
from nst_onnx.runtime import Device

QUICK = {"size": 40, "steps": 1}
Nst = Callable[..., Outcome]
Paint = Callable[[str], str]


@pytest.fixture
def installed(tmp_path: Path) -> None:
    """Both networks of VGG, narrow, as models of this user."""
    for name in ("vgg19", "vgg16"):
        path = tmp_path / f"{name}.onnx"
        onnx.save(vgg.build(vgg_weights(name)), path)
        catalogue.add(path, name=name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each device that was chosen had to be exact."""
    seen: list[bool] = []

    def choose(name: str | None = None, *, exact: bool = False) -> Device:
        seen.append(exact)
        return Device("cpu")

    monkeypatch.setattr(network_choice, "choose", choose)
    return seen


def by_function(preset: str) -> str:
    result = nst_onnx.stylize("content.png", "style.png", preset=preset, **QUICK)
    return str(result.settings["model"])


def by_stylizer(preset: str) -> str:
    result = nst_onnx.Stylizer().stylize("content.png", "style.png", preset=preset, **QUICK)
    return str(result.settings["model"])


def by_stylizers_steps(preset: str) -> str:
    (step,) = nst_onnx.Stylizer().steps("content.png", "style.png", preset=preset, **QUICK)
    return str(step.result().settings["model"])


def by_batch(preset: str) -> str:
    jobs = [Job("content.png", "style.png", "out.png")]
    (outcome,) = nst_onnx.stylize_batch(jobs, preset=preset, **QUICK)
    assert outcome.error is None
    return str((read_settings("out.png") or {})["model"])


def by_worker(preset: str) -> str:
    return ModelCache().stylizer("auto", "auto", preset).model_name


WAYS = [by_function, by_stylizer, by_stylizers_steps, by_batch, by_worker]


@pytest.mark.usefixtures("pair", "installed")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("preset", ["default", "narayanan", "gatys2015"])
def test_every_way_takes_the_preset_s_network(way: Paint, preset: str, asked: list[bool]) -> None:
    assert way(preset) == ("vgg16" if preset == "narayanan" else "vgg19")
    assert asked[-1] is (preset != "default"), "published recipes are computed in full precision"


@pytest.mark.usefixtures("pair", "installed")
def test_so_does_the_command(nst: Nst) -> None:
    options = ("--size", 40, "--steps", 1, "--preset", "narayanan")
    assert nst("stylize", "content.png", "style.png", "-o", "out.png", *options).code == 0
    assert json.loads(nst("settings", "out.png", "--json").out)["model"] == "vgg16"


@pytest.mark.usefixtures("pair", "installed")
def test_a_stylizer_keeps_the_networks_of_two_presets() -> None:
    stylizer = nst_onnx.Stylizer(device="cpu")
    networks = [stylizer._networks.open(PRESETS[name]) for name in ("narayanan", "default", "narayanan")]
    assert networks[0] is networks[2]
    assert networks[1] is stylizer.network


def test_a_stylizer_reads_its_model_once(tmp_path: Path) -> None:
    """Its file may be moved, or replaced by another version, while it is in use."""
    path = tmp_path / "mine.onnx"
    onnx.save(vgg.build(vgg_weights("vgg19")), path)
    stylizer = nst_onnx.Stylizer(path, "cpu")
    before = stylizer.stylize(*(np.full((40, 40, 3), v, np.float32) for v in (0.2, 0.7)), **QUICK)
    path.unlink()
    after = stylizer.stylize(*(np.full((40, 40, 3), v, np.float32) for v in (0.2, 0.7)), **QUICK)
    np.testing.assert_array_equal(after.array, before.array)


@pytest.mark.usefixtures("installed")
def test_an_open_network_serves_all_presets() -> None:
    network = NetworkChoice("vgg19", "cpu").open(PRESETS["default"])
    stylizer = nst_onnx.Stylizer(network)
    style = content = np.full((40, 40, 3), 0.5, np.float32)
    result = stylizer.stylize(content, style, preset="gatys2015", **QUICK)
    assert result.settings["model"] == "vgg19"
