"""Installing into darktable's profile, and what the doctor finds; no darktable is needed."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nst_onnx.editors.darktable import doctor, luarc, profiles
from nst_onnx.editors.darktable.install import install, installed, uninstall
from nst_onnx.editors.darktable.profiles import DarktableProfile
from nst_onnx.version import __version__


@pytest.fixture
def profile(tmp_path: Path) -> DarktableProfile:
    return DarktableProfile(tmp_path / "darktable", "given")


def states(profile: DarktableProfile) -> dict[str, tuple[str, str]]:
    return {f.name: (f.state, f.text) for f in doctor.examine([profile]) if f.name != "darktable"}


def test_what_is_installed_is_found_and_removed(profile: DarktableProfile) -> None:
    assert states(profile)["plug-in"][0] == "missing"
    folder = install(profile)
    assert folder == profile.folder / "lua" / "neural_style"
    assert (folder / "neural_style.lua").is_file()
    assert profile.luarc.read_text() == 'require "neural_style/neural_style"\n'
    found = installed(profile)
    assert found is not None
    assert found.current
    assert {state for state, _ in states(profile).values()} == {"good"}
    assert install(profile) == folder  # again, over itself
    assert profile.luarc.read_text().count("neural_style/neural_style") == 1
    assert uninstall(profile) == folder
    assert profile.luarc.read_text() == ""
    assert installed(profile) is None
    assert uninstall(profile) is None


@pytest.mark.parametrize("before", ['require "tools/script_manager"', 'a = 1\nrequire "x"\n', "\n"])
def test_other_lines_of_luarc_keep_their_text(profile: DarktableProfile, before: str) -> None:
    profile.folder.mkdir()
    profile.luarc.write_text(before)
    luarc.enable(profile.luarc)
    luarc.enable(profile.luarc)
    assert luarc.enabled(profile.luarc)
    assert profile.luarc.read_text().startswith(before)
    luarc.remove(profile.luarc)
    assert profile.luarc.read_text().rstrip("\n") == before.rstrip("\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions, and links for administrators")
def test_a_luarc_that_is_a_link_stays_one(profile: DarktableProfile, tmp_path: Path) -> None:
    """As people keep settings in a folder of dotfiles; permissions stay, and no other file is left."""
    profile.folder.mkdir()
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    stored = dotfiles / "luarc"
    stored.write_text("a = 1\n")
    stored.chmod(0o600)
    profile.luarc.symlink_to(stored)
    luarc.enable(profile.luarc)
    assert profile.luarc.is_symlink()
    assert luarc.enabled(stored)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    luarc.remove(profile.luarc)
    assert stored.read_text() == "a = 1\n"
    assert [*profile.folder.iterdir(), *dotfiles.iterdir()] == [profile.luarc, stored]


def test_the_doctor_finds_a_missing_line(profile: DarktableProfile) -> None:
    install(profile)
    luarc.remove(profile.luarc)
    state, text = states(profile)["switch"]
    assert state == "broken"
    assert "plugin install darktable --dir" in text


def test_a_sandbox_is_told(tmp_path: Path) -> None:
    profile = DarktableProfile(tmp_path / "darktable", "flatpak")
    install(profile)
    assert states(profile)["sandbox"][0] == "broken"


def test_profiles_are_found_by_what_darktable_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setattr(profiles, "programs", lambda: iter(()))
    monkeypatch.setattr(profiles.sys, "platform", "linux")
    assert profiles.profiles() == []
    folder = tmp_path / ".config" / "darktable"
    folder.mkdir(parents=True)
    (folder / "darktablerc").write_text("")
    assert profiles.profiles() == [DarktableProfile(folder, "native")]
    assert profiles.given(folder / "lua") == DarktableProfile(folder, "native")


def test_the_command_is_written_as_lua(profile: DarktableProfile) -> None:
    engine = install(profile) / "engine.lua"
    text = engine.read_text(encoding="utf-8")
    assert text.startswith("return { command = {")
    assert f'version = "{__version__}"' in text
    lua = next(filter(None, map(shutil.which, ("lua", "lua5.4", "lua5.3"))), None)
    if lua is None:
        pytest.skip("there is no Lua here to read it")
    line = [
        lua,
        "-e",
        f"for _, word in ipairs(dofile({str(engine)!r}).command) do print(word) end",
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [sys.executable, "-m", "nst_onnx"]
