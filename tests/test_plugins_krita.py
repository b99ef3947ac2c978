"""Installing into Krita's profile, and what the doctor finds; no Krita is needed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nst_onnx.editors.krita import doctor as krita_doctor
from nst_onnx.editors.krita import kritarc
from nst_onnx.editors.krita.install import install, installed, uninstall
from nst_onnx.editors.krita.profiles import KritaProfile, given, profiles
from nst_onnx.version import __version__

posix = pytest.mark.skipif(os.name != "posix", reason="the programs are scripts of a shell")


@pytest.fixture
def profile(tmp_path):
    return KritaProfile(tmp_path / "data/krita", tmp_path / "config/kritarc", "given")


def _states(profile):
    return {f.name: (f.state, f.text) for f in krita_doctor.examine([profile]) if f.name != "krita"}


def test_what_is_installed_is_found_and_removed(profile):
    folder = install(profile)
    assert folder == profile.plug_ins / "neural_style"
    assert (profile.plug_ins / "neural_style.desktop").is_file()
    assert (folder / "nst_client/client.py").is_file()
    assert json.loads((folder / "engine.json").read_text())["command"][0] == sys.executable
    assert installed(profile).current
    assert {state for state, _ in _states(profile).values()} == {"good"}
    assert install(profile) == folder  # again, over itself
    assert uninstall(profile) == folder
    assert list(profile.plug_ins.iterdir()) == []
    assert installed(profile) is None
    assert uninstall(profile) is None


def test_the_plug_in_runs_on_old_pythons(profile):
    """Krita's Python is 3.8 to 3.13; at least this one must be able to read the files."""
    for file in install(profile).rglob("*.py"):
        compile(file.read_text(encoding="utf-8"), str(file), "exec")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[General]\na=1\n",
        "[python]\nenable_other=true\n\n[theme]\nTheme=Krita dark\n",
        "[a]\nb=c\n\n[python]\nenable_neural_style=false\nenable_other=true\n",
        "[python]\n",
    ],
)
def test_the_switch_leaves_other_settings_alone(tmp_path, before):
    settings = tmp_path / "kritarc"
    settings.write_text(before)
    kritarc.enable(settings)
    assert kritarc.enabled(settings)
    once = settings.read_text()
    kritarc.enable(settings)
    assert settings.read_text() == once
    assert once.count("[python]") == 1
    kept = [line for line in before.splitlines() if line and "neural" not in line]
    assert [line for line in kept if line not in once.splitlines()] == []
    kritarc.remove(settings)
    assert not kritarc.enabled(settings)
    assert [line for line in kept if line not in settings.read_text().splitlines()] == []


def test_doctor_not_installed(profile):
    assert _states(profile)["plug-in"][0] == "missing"


def test_doctor_switched_off(profile):
    install(profile)
    kritarc.remove(profile.settings)
    state, text = _states(profile)["switch"]
    assert state == "broken"
    assert "Python Plugin Manager" in text


def test_doctor_wrong_folder(profile):
    install(profile)
    wrong = profile.plug_ins / "nst-onnx"
    wrong.mkdir()
    for name in ("neural_style", "neural_style.desktop"):
        shutil.move(profile.plug_ins / name, wrong / name)
    state, text = _states(profile)["folder"]
    assert state == "broken"
    assert str(wrong) in text


def test_doctor_moved_environment(profile):
    folder = install(profile)
    facts = json.loads((folder / "engine.json").read_text())
    facts["command"][0] = "/gone/bin/python"
    (folder / "engine.json").write_text(json.dumps(facts))
    state, text = _states(profile)["engine"]
    assert state == "broken"
    assert "/gone/bin/python" in text


def test_doctor_missing_files(profile):
    folder = install(profile)
    shutil.rmtree(folder / "nst_client")
    (profile.plug_ins / "neural_style.desktop").unlink()
    states = _states(profile)
    assert states["files"][0] == states["folder"][0] == "broken"
    assert install(profile) == folder
    assert {state for state, _ in _states(profile).values()} == {"good"}


def _program(folder, name, prints):
    """A program that prints something: what a computer has that no test can install."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{prints}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder, the only one that is searched for programs."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def test_doctor_names_the_folder_that_was_given(tmp_path):
    given = KritaProfile(tmp_path / "my krita", tmp_path / "kritarc", "given")
    assert _states(given)["plug-in"][1].endswith(f'nst-onnx plugin install krita --dir "{given.folder}"')


@posix
@pytest.mark.parametrize(("version", "state"), [("4.4.8", "broken"), ("5.2.9", "good"), ("6.0.0", "good")])
def test_doctor_old_krita(programs, version, state):
    _program(programs, "krita", f"krita {version}")
    found = [finding for finding in krita_doctor.examine([]) if finding.text.startswith(version)]
    assert [finding.state for finding in found] == [state]


@posix
def test_doctor_asks_kritas_companion_without_a_screen(programs):
    _program(programs, "krita", "")
    _program(programs, "krita_version", "5.2.9")
    (found, _) = krita_doctor.examine([])
    assert (found.state, found.text.partition(" ")[0]) == ("good", "5.2.9")


def _from_a_zip(profile):
    """Make of an installed plug-in one that came as a ZIP and has no engine yet."""
    folder = install(profile)
    (folder / "engine.json").unlink()
    (folder / "setup").mkdir()
    facts = {"version": __version__, "menu": "Tools ▸ Scripts ▸ Engine of Neural Style…"}
    (folder / "setup" / "setup.json").write_text(json.dumps(facts))
    return folder


def test_doctor_of_a_zip_whose_engine_is_not_set_up(profile):
    _from_a_zip(profile)
    state, text = _states(profile)["engine"]
    assert state == "missing"
    assert "in the editor, choose Tools ▸ Scripts ▸ Engine of Neural Style…" in text
    assert "nst-onnx plugin" not in text
    assert installed(profile).version == __version__


@pytest.mark.parametrize(("version", "state"), [(__version__, "good"), ("0.0.1", "broken")])
def test_doctor_of_an_engine_that_was_set_up_from_inside(profile, version, state):
    folder = _from_a_zip(profile)
    facts = {"command": [sys.executable, "-m", "nst_onnx.worker"], "version": version, "inside": True}
    (folder / "engine.json").write_text(json.dumps(facts))
    setup = json.loads((folder / "setup" / "setup.json").read_text())
    (folder / "setup" / "setup.json").write_text(json.dumps({**setup, "version": version}))
    found, text = _states(profile)["engine"]
    assert found == state
    assert ("set up from inside" if state == "good" else "in the editor, choose Tools ▸") in text


def test_doctor_asks_for_no_permission_where_the_engine_lives_in_the_sandbox(tmp_path):
    profile = KritaProfile(tmp_path / "data/krita", tmp_path / "config/kritarc", "flatpak")
    _from_a_zip(profile)
    assert "sandbox" not in _states(profile)


def test_doctor_no_krita(programs):
    (finding,) = krita_doctor.examine([])
    assert finding.state == "broken"
    assert "install Krita" in finding.text


@posix
@pytest.mark.parametrize(
    ("permissions", "state"),
    [(None, "warning"), ("[Session Bus Policy]", "broken"), ("org.freedesktop.Flatpak=talk", "good")],
)
def test_doctor_sandbox(tmp_path, programs, permissions, state):
    if permissions is not None:
        _program(programs, "flatpak", permissions)
    profile = KritaProfile(tmp_path / "data/krita", tmp_path / "config/kritarc", "flatpak")
    install(profile)
    state_found, text = _states(profile)["sandbox"]
    assert state_found == state
    assert (
        state == "good" or "flatpak override --user --talk-name=org.freedesktop.Flatpak org.kde.krita" in text
    )


def test_doctor_snap(tmp_path):
    profile = KritaProfile(tmp_path / "data/krita", tmp_path / "config/kritarc", "snap")
    install(profile)
    assert _states(profile)["sandbox"][0] == "broken"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_every_profile_of_linux(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for place in (".local/share/krita", ".var/app/org.kde.krita/data/krita"):
        (tmp_path / place).mkdir(parents=True)
    assert [profile.packaging for profile in profiles()] == ["flatpak", "native"]


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("ResourceDirectory={}/else where\n\n[python]\na=b\n", True),
        ("[python]\na=b\n\n[General]\nResourceDirectory={}/else\\swhere\n", True),
        ("ResourceDirectory[$e]=$HOME/else where\n", True),
        ("[theme]\nResourceDirectory={}/else where\n", False),
        ("ResourceDirectory=\n", False),
    ],
)
def test_resources_that_were_moved(tmp_path, monkeypatch, text, moved):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    usual, elsewhere = tmp_path / ".local/share/krita", tmp_path / "else where"
    usual.mkdir(parents=True)
    elsewhere.mkdir()
    dotfiles = tmp_path / "dotfiles"
    dotfiles.write_text(text.format(tmp_path))
    (tmp_path / ".config").mkdir()
    settings = tmp_path / ".config" / "kritarc"
    settings.symlink_to(dotfiles)
    (profile,) = profiles()
    assert profile.folder == (elsewhere if moved else usual)
    install(profile)
    assert (profile.folder / "pykrita" / "neural_style.desktop").is_file()
    assert settings.is_symlink()
    assert kritarc.enabled(dotfiles)
    assert given(usual) == profile  # said by hand, it is still where Krita looks


def test_the_command(tmp_path):
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "d"), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    folder = tmp_path / "d" / "krita"

    def run(*words):
        line = [sys.executable, "-m", "nst_onnx", "plugin", *words]
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)

    refused = run("install", "krita", "--dir", str(folder / "nowhere"))
    assert refused.returncode == 1
    assert "there is no folder" in refused.stderr
    assert not folder.exists()
    folder.mkdir(parents=True)
    done = run("install", "krita", "--dir", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tools ▸ Scripts ▸ Neural Style…" in done.stdout
    assert str(folder) in run("list").stdout
    assert run("doctor", "krita").returncode == 0
    assert run("uninstall", "krita").returncode == 0
    again = run("uninstall", "krita")
    assert again.returncode != 0
    assert "not installed" in again.stderr
