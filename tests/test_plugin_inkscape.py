"""Installing into Inkscape's profile, and what the doctor finds; no Inkscape is needed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.choices import COLOURS, LARGEST, LARGEST_SEED, QUALITIES, STRENGTH, STYLE_SCALE, Choices

from nst_onnx.editors import checks
from nst_onnx.editors.inkscape import doctor, profiles
from nst_onnx.editors.inkscape.install import install, installed, uninstall
from nst_onnx.editors.inkscape.profiles import InkscapeProfile

FILES = ROOT / "plugin" / "inkscape" / "neural_style"
SPACE = "{http://www.inkscape.org/namespace/inkscape/extension}"


@pytest.fixture
def profile(tmp_path: Path) -> InkscapeProfile:
    return InkscapeProfile(tmp_path / "inkscape", "given")


def states(profile: InkscapeProfile) -> dict[str, tuple[str, str]]:
    return {f.name: (f.state, f.text) for f in doctor.examine([profile]) if f.name != "inkscape"}


def test_what_is_installed_is_found_and_removed(profile: InkscapeProfile) -> None:
    assert states(profile)["plug-in"][0] == "missing"
    folder = install(profile)
    assert folder == profile.folder / "extensions" / "neural_style"
    assert (folder / "neural_style.inx").is_file()
    found = installed(profile)
    assert found is not None
    assert found.current
    assert {state for state, _ in states(profile).values()} == {"good"}
    assert install(profile) == folder  # again, over itself
    assert uninstall(profile) == folder
    assert installed(profile) is None
    assert uninstall(profile) is None


def test_the_doctor_finds_a_file_that_was_copied_by_hand(profile: InkscapeProfile) -> None:
    profile.plug_in.parent.mkdir(parents=True)
    (profile.plug_in.parent / "neural_style.inx").write_text("")
    state, text = states(profile)["folder"]
    assert state == "broken"
    assert "plugin install inkscape --dir" in text


@pytest.mark.parametrize(
    ("version", "state"), [(None, "warning"), ("0.92.5", "broken"), ("1.4", "good"), ("2.0.1", "good")]
)
def test_the_version_of_a_program(version: str | None, state: str) -> None:
    found = checks.check_program("inkscape", "/bin/it", version, doctor.OLDEST, "install another")
    assert found.state == state
    assert ("install another" in found.text) == (state == "broken")


def test_a_snap_is_told(tmp_path: Path) -> None:
    profile = InkscapeProfile(tmp_path / "inkscape", "snap")
    install(profile)
    assert states(profile)["sandbox"][0] == "broken"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_profiles_are_found_by_what_inkscape_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("INKSCAPE_PROFILE_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setattr(profiles, "programs", lambda: iter(()))
    assert profiles.profiles() == []
    folder = tmp_path / ".config" / "inkscape"
    folder.mkdir(parents=True)
    (folder / "preferences.xml").write_text("")
    assert profiles.profiles() == [InkscapeProfile(folder, "native")]
    assert profiles.given(folder / "extensions") == InkscapeProfile(folder, "native")
    monkeypatch.setattr(profiles, "programs", lambda: iter(["/usr/bin/inkscape"]))
    monkeypatch.setenv("INKSCAPE_PROFILE_DIR", str(tmp_path / "mine"))
    assert [found.folder for found in profiles.profiles()] == [folder, tmp_path / "mine"]


def test_the_dialog_has_every_control_with_its_choices_and_range() -> None:
    """neural_style.inx is a file of its own, which must follow the controls that all editors have."""
    controls = {
        one.get("name"): one for one in ElementTree.parse(FILES / "neural_style.inx").iter(f"{SPACE}param")
    }
    names = {name.replace("-", "_") for name in Choices.__annotations__}
    assert set(controls) == {*names, "tab", "put_into"}
    for name, known in (("quality", QUALITIES), ("keep_colours", COLOURS)):
        options = [(one.get("value"), one.text) for one in controls[name].iter(f"{SPACE}option")]
        assert sorted(options) == sorted(known)
        assert (
            options[0][0] == {"quality": "good", "keep_colours": "no"}[name]
        )  # Inkscape's default is the first
    for name, low, high, default in (
        ("strength", STRENGTH["low"], STRENGTH["high"], STRENGTH["default"]),
        ("style_scale", *STYLE_SCALE),
        ("size", 0, LARGEST, 0),
        ("seed", 0, LARGEST_SEED, 0),
    ):
        control = controls[name]
        assert [float(str(control.get("min"))), float(str(control.get("max")))] == [low, high], name
        assert float(str(control.text)) == default


def test_the_files_are_those_of_pythons_3_9() -> None:
    for file in FILES.glob("*.py"):
        ast.parse(file.read_text("utf-8"), feature_version=(3, 9))
