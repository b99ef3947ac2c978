"""Engines that editors share: taken only where they work, and removed only where nobody uses them."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import find
from nst_client.engine_setup import computer, engines, installation, self_test
from nst_client.engine_setup.cancelling import Cancelling
from nst_client.engine_setup.engines import SetUpEngine
from nst_client.engine_setup.folders import Folders
from nst_client.engine_setup.installation import Choices, Installation
from nst_client.engine_setup.lock import locked
from nst_client.engine_setup.parts import Parts
from nst_client.engine_setup.state import MISSING, READY, state
from nst_client.failure import Failure

WHEEL = "ab" * 32


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "data")


def plug_in(path: Path) -> Path:
    """Make the folder of a plug-in from a ZIP."""
    facts = {
        "index": "",
        "version": "0.1.0",
        "wheel": {"name": "nst_onnx.whl", "sha256": WHEEL},
        "uv": {"files": []},
        "python": "3.13",
        "menu": "Menu ▸ Engine…",
        "megabytes": {computer.kind(): {"cpu": 1}},
    }
    (path / "setup").mkdir(parents=True)
    (path / "setup" / "setup.json").write_text(json.dumps(facts), "utf-8")
    return path


def engine(folders: Folders, name: str, wheel: str = WHEEL) -> SetUpEngine:
    """Make a complete engine, as far as files tell."""
    folder = folders.engines / name
    folder.mkdir(parents=True)
    (folder / "python").write_bytes(b"")
    made = SetUpEngine(folder, [str(folder / "python"), "-m", "worker"], "0.1.0", wheel, False)
    made.write()
    return made


def run(folders: Folders, place: Path, monkeypatch: pytest.MonkeyPatch, works: bool) -> Path:
    """Set up where an engine exists that works or does not; return the folder of the engine used then."""

    def check(command: list[str], version: str, cancelling: Cancelling) -> None:
        if not works:
            raise Failure("the engine does not start")

    parts = Parts.of(place)
    assert parts is not None
    monkeypatch.setattr(self_test, "check", check)
    monkeypatch.setattr(installation, "megabytes", lambda parts, openvino: 1)
    monkeypatch.setattr(Installation, "_install", lambda self, lock: engine(folders, "new"))
    Installation(place, parts, folders, Choices(), lambda fraction, text: None, Cancelling()).run()
    return Path(find(place).command[0]).parent


@pytest.mark.parametrize("works", [True, False])
def test_an_engine_that_is_there_is_tested_before_it_is_taken(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    engine(folders, "old")
    used = run(folders, plug_in(tmp_path / "gimp"), monkeypatch, works)
    assert used.name == ("old" if works else "new")
    assert [path.name for path in folders.engines.iterdir()] == [used.name]


def test_a_removal_that_is_killed_leaves_no_complete_engine(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(folders, "old")
    monkeypatch.setattr(engines.shutil, "rmtree", lambda folder, ignore_errors: None)
    engines.remove_unused(folders)
    assert (folders.engines / "old" / "python").exists()
    assert engines.complete(folders) == []


@pytest.mark.parametrize("damaged", ["", "{", "{}"])
def test_a_damaged_list_of_plug_ins_protects_all_engines(
    folders: Folders, tmp_path: Path, damaged: str
) -> None:
    engine(folders, "old")
    gimp, krita = plug_in(tmp_path / "gimp"), plug_in(tmp_path / "krita")
    assert state(gimp, folders) == READY
    (folders.root / "plug-ins.json").write_text(damaged)
    engines.use(engine(folders, "other", "cd" * 32), folders, krita, "Menu")
    unfinished = folders.engines / "unfinished"
    unfinished.mkdir()
    engines.remove_unused(folders)
    assert state(gimp, folders) == READY
    assert not unfinished.exists()
    engines.remove_all(folders)
    assert state(gimp, folders) == MISSING


def test_an_engine_is_taken_under_the_lock(folders: Folders, tmp_path: Path) -> None:
    engine(folders, "old")
    gimp = plug_in(tmp_path / "gimp")
    with locked(folders.root):
        assert state(gimp, folders) == MISSING
    assert state(gimp, folders) == READY


def test_plug_ins_that_take_an_engine_at_once_are_all_listed(folders: Folders, tmp_path: Path) -> None:
    engine(folders, "old")
    places = [plug_in(tmp_path / f"plug-in-{number}") for number in range(8)]
    threads = [threading.Thread(target=state, args=(place, folders)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = json.loads((folders.root / "plug-ins.json").read_text("utf-8"))
    assert sorted(listed) == sorted(str(place) for place in places if (place / "engine.json").exists())
    assert listed
    assert not list(folders.root.glob(".*"))
