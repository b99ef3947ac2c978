"""`nst-onnx plugin` for GIMP, without a GIMP: profiles, files, every known cause of a missing entry."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import Outcome

from nst_onnx.version import __version__

Nst = Callable[..., Outcome]
NAME = Path("plug-ins", "neural_style")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with GIMP 2.10, GIMP 3.0 and GIMP as a Flatpak, and no GIMP to ask."""
    for variable in ("XDG_CONFIG_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for folder in (".config/GIMP/2.10", ".config/GIMP/3.0", ".var/app/org.gimp.GIMP/config/GIMP/3.2"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def profile(home: Path, nst: Nst) -> Path:
    """GIMP 3.0's profile, with the plug-in."""
    outcome = nst("plugin", "install", "gimp")
    assert outcome.code == 0, outcome.out + outcome.err
    return home / ".config/GIMP/3.0"


def failures(outcome: Outcome) -> list[str]:
    return [line for line in outcome.out.splitlines() if line.startswith("FAIL")]


linux = pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")


@linux
def test_install_puts_everything_in_its_place(profile: Path) -> None:
    folder = profile / NAME
    assert os.access(folder / "neural_style.py", os.X_OK)
    assert (folder / "nst_client" / "client.py").is_file()
    engine = json.loads((folder / "engine.json").read_text())
    assert engine["command"] == [sys.executable, "-m", "nst_onnx.worker"]
    assert engine["version"] == __version__
    assert [entry.name for entry in folder.parent.iterdir()] == ["neural_style"]
    assert not list(folder.rglob("*.pyc"))


@linux
def test_the_installed_files_are_complete(profile: Path) -> None:
    """Every module that one of them imports from beside it is there."""
    files = list((profile / NAME).glob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    imported = {
        node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module
    }
    there = {file.stem for file in files} | {"nst_client"}
    assert imported - there - set(sys.stdlib_module_names) == {"gi"}


@linux
def test_install_again_replaces_what_was_there(profile: Path, nst: Nst) -> None:
    left = profile / NAME / "of_an_older_version.py"
    left.touch()
    assert nst("plugin", "install", "gimp").code == 0
    assert not left.exists()


@linux
def test_install_says_what_it_left_out(home: Path, nst: Nst) -> None:
    assert "GIMP/3.2; --all" in nst("plugin", "install", "gimp").out


@linux
def test_install_everywhere_names_the_permission_that_a_flatpak_needs(home: Path, nst: Nst) -> None:
    outcome = nst("plugin", "install", "gimp", "--all")
    for place in (".config/GIMP/3.0", ".var/app/org.gimp.GIMP/config/GIMP/3.2"):
        assert (home / place / NAME / "neural_style.py").is_file()
    assert not (home / ".config/GIMP/2.10" / NAME).exists()
    assert "sandbox" in outcome.out


@linux
def test_list_and_uninstall(profile: Path, nst: Nst) -> None:
    rows = [line.split("\t") for line in nst("plugin", "list").out.splitlines() if line.startswith("gimp")]
    assert [row[1:4] for row in rows] == [["3.2", "flatpak", "-"], ["3.0", "native", __version__]]
    assert str(profile / NAME) in nst("plugin", "uninstall", "gimp").out
    assert not (profile / NAME).exists()
    outcome = nst("plugin", "uninstall", "gimp")
    assert outcome.code == 1
    assert "not installed" in outcome.err


def test_a_given_folder(home: Path, nst: Nst) -> None:
    (home / "elsewhere" / "3.0").mkdir(parents=True)
    (home / "other" / "3.0").mkdir(parents=True)
    for given in (home / "elsewhere" / "3.0", home / "other" / "3.0" / "plug-ins"):
        assert nst("plugin", "install", "gimp", "--dir", str(given)).code == 0
    assert (home / "elsewhere" / "3.0" / NAME / "neural_style.py").is_file()
    assert (home / "other" / "3.0" / NAME / "neural_style.py").is_file()


@linux
@pytest.mark.parametrize("given", ["nowhere/3.0", "nowhere/3.0/plug-ins", ".config/GIMP/3.7"])
def test_a_folder_that_is_not_there(home: Path, nst: Nst, given: str) -> None:
    outcome = nst("plugin", "install", "gimp", "--dir", str(home / given))
    assert outcome.code == 1
    assert "there is no folder" in outcome.err
    assert str(home / ".config/GIMP/3.0") in outcome.err
    assert not (home / given).exists()


@linux
def test_a_folder_that_may_be_no_profile_is_warned_of(home: Path, nst: Nst) -> None:
    folder = home / "empty"
    folder.mkdir()
    doubt = "does not look like a profile"
    outcome = nst("plugin", "install", "gimp", "--dir", str(folder))
    assert outcome.code == 0
    assert doubt in outcome.out
    assert str(home / ".config/GIMP/3.0") in outcome.out
    (folder / "gimprc").touch()
    assert doubt not in nst("plugin", "install", "gimp", "--dir", str(folder)).out
    for known in (home / ".config/GIMP/3.0", home / ".config/GIMP/3.0/plug-ins"):
        assert doubt not in nst("plugin", "install", "gimp", "--dir", str(known)).out


@linux
def test_what_is_not_installed_is_said_with_the_command(home: Path, nst: Nst) -> None:
    outcome = nst("plugin", "doctor", "gimp")
    assert outcome.code == 0
    told = next(line for line in outcome.out.splitlines() if str(home / ".config/GIMP/3.0/plug-ins") in line)
    assert "not installed in" in told
    assert told.endswith("nst-onnx plugin install gimp")


@linux
def test_no_gimp_3(home: Path, nst: Nst) -> None:
    for folder in (".config/GIMP/3.0", ".var/app/org.gimp.GIMP/config/GIMP/3.2"):
        (home / folder).rmdir()
    outcome = nst("plugin", "install", "gimp")
    assert outcome.code == 1
    assert "no GIMP 3" in outcome.err
    assert "older GIMP" in failures(nst("plugin", "doctor", "gimp"))[0]


@linux
def test_an_old_gimp_is_told(home: Path, nst: Nst) -> None:
    program = home / "bin" / "gimp-console"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho GNU Image Manipulation Program version 2.10.38\n")
    program.chmod(0o755)
    assert "2.10" in nst("plugin", "doctor", "gimp").out
    assert "too old" in nst("plugin", "doctor", "gimp").out


@linux
def test_doctor_of_a_folder_asks_whose_it_is(home: Path, nst: Nst) -> None:
    outcome = nst("plugin", "doctor", "--dir", str(home))
    assert outcome.code == 1
    assert "gimp or krita" in outcome.err


class TestDoctor:
    """Each known cause is found and said with its cure."""

    def told(self, profile: Path, nst: Nst) -> str:
        outcome = nst("plugin", "doctor", "gimp", "--dir", str(profile))
        assert outcome.code == 1
        return "\n".join(failures(outcome))

    @linux
    def test_all_is_well(self, profile: Path, nst: Nst) -> None:
        outcome = nst("plugin", "doctor", "gimp", "--dir", str(profile))
        assert (outcome.code, failures(outcome)) == (0, [])

    @linux
    def test_no_run_bit(self, profile: Path, nst: Nst) -> None:
        if os.name == "nt":
            pytest.skip("Windows has no run bit")
        (profile / NAME / "neural_style.py").chmod(0o644)
        assert "run bit" in self.told(profile, nst)

    @linux
    @pytest.mark.parametrize("place", ["plug-ins", "plug-ins/nst-onnx", "plug-ins/a/neural_style", "scripts"])
    def test_wrong_folder(self, profile: Path, nst: Nst, place: str) -> None:
        (profile / place).mkdir(parents=True, exist_ok=True)
        (profile / NAME / "neural_style.py").rename(profile / place / "neural_style.py")
        told = self.told(profile, nst)
        assert "wrong folder" in told
        assert str(profile / place / "neural_style.py") in told

    @linux
    def test_another_folder_in_the_preferences(self, profile: Path, nst: Nst) -> None:
        (profile / "gimprc").write_text('(plug-in-path "/opt/mine/plug-ins")\n')
        assert "Preferences" in self.told(profile, nst)

    @linux
    def test_moved_environment(self, profile: Path, nst: Nst) -> None:
        engine = profile / NAME / "engine.json"
        facts = json.loads(engine.read_text())
        engine.write_text(json.dumps({**facts, "command": ["/gone/bin/python", "-m", "nst_onnx.worker"]}))
        assert "moved or removed: /gone/bin/python" in self.told(profile, nst)

    @linux
    def test_an_environment_without_nst_onnx(self, profile: Path, nst: Nst) -> None:
        engine = profile / NAME / "engine.json"
        facts = json.loads(engine.read_text())
        command = [sys.executable, "-I", "-S", "-m", "nst_onnx.worker"]
        engine.write_text(json.dumps({**facts, "command": command}))
        assert f"no longer installed for {sys.executable}" in self.told(profile, nst)

    @linux
    @pytest.mark.parametrize("content", [None, "", "{}", '{"command": []}'])
    def test_damaged_engine_file(self, profile: Path, nst: Nst, content: str | None) -> None:
        engine = profile / NAME / "engine.json"
        if content is None:
            engine.unlink()
        else:
            engine.write_text(content)
        assert "engine.json" in self.told(profile, nst)

    @linux
    def test_another_version(self, profile: Path, nst: Nst) -> None:
        engine = profile / NAME / "engine.json"
        facts = json.loads(engine.read_text())
        engine.write_text(json.dumps({**facts, "version": "0.0.1"}))
        outcome = nst("plugin", "doctor", "gimp", "--dir", str(profile))
        assert outcome.code == 1
        assert f"the plug-in is that of nst-onnx 0.0.1, but {__version__} is installed now" in outcome.out
        assert "0.0.1: out of date" in nst("plugin", "list").out
