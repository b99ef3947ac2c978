"""The build hook: a wheel gets the page where Node.js builds it, and is built without it elsewhere."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import types
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from support.checkout import ROOT

SCRIPT = ROOT / "hatch_build.py"
T = TypeVar("T")

pytestmark = [
    pytest.mark.skipif(not SCRIPT.is_file(), reason="hatch_build.py is not part of this installation"),
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script"),
]


class _Interface(Generic[T]):
    """Hatchling's interface, as far as the hook uses it."""

    def __init__(self, root: Path) -> None:
        self.root, self.warnings = str(root), list[str]()
        self.app = types.SimpleNamespace(display_warning=self.warnings.append)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The hook of a checkout in `tmp_path`, with an npm of our own in `tmp_path/bin`."""
    interface = types.ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = _Interface  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.delenv("NST_ONNX_PAGE", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.shutil, "which", lambda name: _which(tmp_path / "bin" / name))
    (tmp_path / "web").mkdir()
    return module.PageHook(tmp_path)


def _which(path: Path) -> str | None:
    return str(path) if path.exists() else None


def npm(folder: Path, script: str) -> None:
    """Make a stand-in for npm, which runs in web/."""
    (folder / "bin").mkdir()
    path = folder / "bin" / "npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def included(hook: Any, version: str = "standard") -> dict[str, str]:
    data: dict[str, Any] = {"force_include": {}}
    hook.initialize(version, data)
    found: dict[str, str] = data["force_include"]
    return found


BUILD = 'echo "$1" >> log; [ "$1" = ci ] || { mkdir -p dist-app && touch dist-app/index.html; }'


def test_the_page_is_built_and_included(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, BUILD)
    assert included(hook) == {str(tmp_path / "web" / "dist-app"): "nst_onnx/page"}
    assert (tmp_path / "web" / "log").read_text().split() == ["ci", "run"]
    assert not hook.warnings


def packages(web: Path, *, since: int) -> None:
    """Make what a complete `npm ci` leaves, this many seconds after the list of packages was written."""
    (web / "node_modules").mkdir()
    for path, later in ((web / "package-lock.json", 0), (web / "node_modules" / ".package-lock.json", since)):
        path.touch()
        os.utime(path, (1_700_000_000 + later,) * 2)


def test_packages_that_are_there_are_not_fetched_again(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, BUILD)
    packages(tmp_path / "web", since=1)
    included(hook)
    assert (tmp_path / "web" / "log").read_text().split() == ["run"]


def test_packages_of_an_older_list_are_fetched_again(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, BUILD)
    packages(tmp_path / "web", since=-1)
    included(hook)
    assert (tmp_path / "web" / "log").read_text().split() == ["ci", "run"]


def test_packages_of_an_interrupted_installation_are_fetched_again(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, BUILD)
    packages(tmp_path / "web", since=1)
    (tmp_path / "web" / "node_modules" / ".package-lock.json").unlink()
    included(hook)
    assert (tmp_path / "web" / "log").read_text().split() == ["ci", "run"]


def test_packages_run_no_scripts(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, f'[ "$1" = ci ] && echo "$@" > line\n{BUILD}')
    included(hook)
    assert "--ignore-scripts" in (tmp_path / "web" / "line").read_text().split()


def test_a_build_that_takes_too_long_is_ended_with_its_children(
    hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child holds the output open, which would be read to its end."""
    monkeypatch.setitem(type(hook).initialize.__globals__, "_SECONDS", 1)
    npm(tmp_path, "while sleep 0.1; do echo >> lives; done &\nwait")
    assert included(hook) == {}
    assert "timed out" in hook.warnings[0]
    lives = tmp_path / "web" / "lives"
    before = lives.stat().st_size
    time.sleep(1)
    assert lives.stat().st_size == before


def test_without_node_the_wheel_has_no_page(hook: Any) -> None:
    assert included(hook) == {}
    assert "Node.js is not installed" in hook.warnings[0]


def test_a_build_that_fails_leaves_the_page_out(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, "echo no network >&2; exit 1")
    assert included(hook) == {}
    assert "no network" in hook.warnings[0]


def test_an_older_page_is_taken_where_none_can_be_built(hook: Any, tmp_path: Path) -> None:
    (tmp_path / "web" / "dist-app").mkdir()
    (tmp_path / "web" / "dist-app" / "index.html").touch()
    assert list(included(hook).values()) == ["nst_onnx/page"]
    assert "an older one is taken" in hook.warnings[0]


def test_editable_installations_build_nothing(hook: Any, tmp_path: Path) -> None:
    npm(tmp_path, BUILD)
    assert included(hook, "editable") == {}
    assert not (tmp_path / "web" / "log").exists()


def test_it_can_be_turned_off(hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path, BUILD)
    monkeypatch.setenv("NST_ONNX_PAGE", "0")
    assert included(hook) == {}
    assert not (tmp_path / "web" / "log").exists()


def test_the_list_of_the_page_s_packages_is_complete() -> None:
    """Else `npm ci` refuses it: also an optional package that one of them names has to be there."""
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    there = {path.rpartition("node_modules/")[2] for path in packages}
    for path, facts in packages.items():
        for kind in ("dependencies", "devDependencies", "optionalDependencies"):
            assert set(facts.get(kind, {})) <= there, path
