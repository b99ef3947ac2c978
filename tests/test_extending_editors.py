"""A new editor costs a folder and a row: this file is the folder, and adds the row.

The editor reads plug-ins from ``addons/`` of its profile. The table has one entry more during the tests, and
``nst-onnx plugin`` installs into the editor, lists, checks and removes its plug-in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx.editors import plugin_files
from nst_onnx.editors.checks import check_files
from nst_onnx.editors.editor import Editor
from nst_onnx.editors.plugin_files import Installed
from nst_onnx.editors.profile import Packaging, install_line
from nst_onnx.editors.registry import EDITORS
from nst_onnx.support.diagnostics import Finding
from nst_onnx.version import __version__

Nst = Callable[..., Outcome]
NONE_FOUND = "no Easel was found", "install Easel"


@dataclass(frozen=True)
class EaselProfile:
    """A profile of the editor; its plug-in is ``addons/neural_style``."""

    folder: Path
    packaging: Packaging
    version: str = "7"

    @property
    def target(self) -> Path:
        return self.folder / "addons" / "neural_style"

    @property
    def install_line(self) -> str:
        return install_line("easel", self.folder, self.packaging)


def easel(home: Path, files: Path) -> Editor[EaselProfile]:
    """The editor, with profiles under `home` and a plug-in made of `files`."""

    def profiles() -> list[EaselProfile]:
        return [EaselProfile(folder, "native") for folder in sorted(home.glob("easel-*"))]

    def install(profile: EaselProfile) -> Path:
        return plugin_files.install(files, profile.target, profile.install_line)

    def installed(profile: EaselProfile) -> Installed | None:
        if not profile.target.is_dir():
            return None
        return Installed(profile.target, plugin_files.installed_version(profile.target))

    def examine(found: Sequence[EaselProfile]) -> Iterator[Finding]:
        if not found:
            yield Finding("easel", "broken", "; ".join(NONE_FOUND))
        for profile in found:
            if installed(profile):
                yield from check_files(profile.target, profile.install_line)
            else:
                yield Finding("plug-in", "missing", f"not installed; run: {profile.install_line}")

    return Editor(
        title="Easel",
        signs=("easelrc",),
        none_found=NONE_FOUND,
        next_step="Restart Easel",
        profiles=profiles,
        given=lambda folder: EaselProfile(folder, "given"),
        install=install,
        uninstall=lambda profile: plugin_files.remove(profile.target),
        installed=installed,
        examine=examine,
    )


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile of the new editor, on a computer that has no other editor."""
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PATH"):
        monkeypatch.setenv(variable, str(tmp_path / "empty"))
    files = tmp_path / "files"
    files.mkdir()
    (files / "menu.py").write_text("from nst_client import find\n")
    monkeypatch.setitem(EDITORS, "easel", easel(tmp_path, files))
    folder = tmp_path / "easel-7"
    folder.mkdir()
    return folder


def test_install_list_examine_and_uninstall(profile: Path, nst: Nst) -> None:
    missing = nst("plugin", "doctor", "easel")
    assert missing.code == 0
    assert missing.out.rstrip().endswith("plugin install easel")

    done = nst("plugin", "install", "easel")
    assert done.code == 0, done.out + done.err
    target = profile / "addons" / "neural_style"
    assert done.out.splitlines()[0] == f"Installed: {target}"
    assert done.out.splitlines()[-1] == "Restart Easel"
    assert (target / "menu.py").is_file()
    assert (target / "nst_client" / "client.py").is_file()
    assert json.loads((target / "engine.json").read_text())["command"][0] == sys.executable
    row = next(line for line in nst("plugin", "list").out.splitlines() if line.startswith("easel"))
    assert row.split("\t") == ["easel", "7", "native", __version__, str(profile)]

    (target / "nst_client" / "client.py").unlink()
    damaged = nst("plugin", "doctor", "easel")
    assert damaged.code == 1
    assert "FAIL files" in damaged.out

    assert nst("plugin", "uninstall", "easel").out == f"Removed: {target}\n"
    assert not target.exists()


def test_doctor_without_a_name_examines_it_too(profile: Path, nst: Nst) -> None:
    assert "plugin install easel" in nst("plugin", "doctor").out


def test_a_folder_that_is_no_profile_is_reported(profile: Path, tmp_path: Path, nst: Nst) -> None:
    refused = nst("plugin", "install", "easel", "--dir", tmp_path / "nowhere")
    assert refused.code == 1
    assert "Easel does not read it" in refused.err
    (tmp_path / "other").mkdir()
    done = nst("plugin", "install", "easel", "--dir", tmp_path / "other")
    assert done.code == 0
    assert "does not look like a profile of Easel" in done.out
    assert (tmp_path / "other" / "addons" / "neural_style").is_dir()


def test_an_editor_that_is_not_in_the_table(nst: Nst) -> None:
    outcome = nst("plugin", "install", "easel")
    assert outcome.code == 2
    assert all(name in outcome.err for name in EDITORS)


def test_every_editor_of_the_table_is_documented() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert [name for name in EDITORS if f"nst-onnx plugin install {name}" not in pages] == []
