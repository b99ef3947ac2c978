"""Models stay loaded between requests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nst_onnx.editors.worker.model_cache import ModelCache
from nst_onnx.errors import DeviceError, ModelError, OptionError
from nst_onnx.models import catalogue
from nst_onnx.runtime import choose


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Three files with the compact network."""
    paths = [tmp_path / f"{name}.onnx" for name in "abc"]
    for path in paths:
        shutil.copy(catalogue.locate("compact"), path)
    return [str(path) for path in paths]


def test_the_same_model_is_loaded_once() -> None:
    cache = ModelCache()
    first = cache.stylizer("compact", str(choose()), "default")
    assert cache.stylizer("auto", "auto", "default") is first
    assert cache.stylizer(str(catalogue.locate("compact")), str(choose()), "gatys2015") is first


def test_a_model_that_has_changed_is_loaded_again(models: list[str]) -> None:
    cache = ModelCache()
    first = cache.stylizer(models[0], "cpu", "default")
    Path(models[0]).touch()
    assert cache.stylizer(models[0], "cpu", "default") is not first


def test_the_two_latest_are_kept(models: list[str]) -> None:
    cache = ModelCache()
    a, b = (cache.stylizer(model, "cpu", "default") for model in models[:2])
    assert cache.stylizer(models[0], "cpu", "default") is a
    cache.stylizer(models[2], "cpu", "default")
    assert cache.stylizer(models[0], "cpu", "default") is a
    assert cache.stylizer(models[1], "cpu", "default") is not b


def test_what_there_is_not_is_refused() -> None:
    for wanted, error in (
        (("nobody", "cpu", "default"), ModelError),
        (("compact", "abacus", "default"), DeviceError),
        (("compact", "cpu", "nobody"), OptionError),
    ):
        with pytest.raises(error):
            ModelCache().stylizer(*wanted)


def test_auto_is_the_device_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NST_ONNX_DEVICE", "abacus")
    with pytest.raises(DeviceError, match="abacus"):
        ModelCache().stylizer("compact", "auto", "default")


def test_a_preset_for_another_network_asks_for_it() -> None:
    """The recipe published for VGG-16 does not take what "auto" would be otherwise."""
    from nst_onnx.painting.presets import PRESETS

    name = next(name for name, preset in PRESETS.items() if preset.model == "vgg16")
    with pytest.raises(ModelError, match="vgg16"):
        ModelCache().stylizer("auto", "cpu", name)
