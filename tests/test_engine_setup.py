"""The engine set up from inside an editor: from a plug-in's ZIP and a package index, with the real uv."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import PATIENCE, wait_until
from support.engine_wheels import TAGS, build_zips, engine_wheel, packages, unpack
from support.wheel_index import Index, make_wheel

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import EngineError, find
from nst_client.engine_setup import computer, engines, python_choice, space, task
from nst_client.engine_setup.folders import Folders
from nst_client.engine_setup.installation import Choices
from nst_client.engine_setup.lock import locked
from nst_client.engine_setup.parts import Parts
from nst_client.engine_setup.session import SetupSession
from nst_client.engine_setup.source import Source
from nst_client.engine_setup.state import MISSING, OUTDATED, READY, state
from nst_client.failure import Cancelled, Failure

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(computer.kind() not in TAGS, reason="uv has no wheel for this computer"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """A package index with uv and the packages of the engine that pretends."""
    folder = tmp_path_factory.mktemp("index")
    packages(folder, computer.kind())
    with Index(folder) as index:
        yield index


@pytest.fixture(scope="module")
def zips(index: Index, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The ZIPs of version 0.1.0."""
    folder = tmp_path_factory.mktemp("zips")
    return build_zips(engine_wheel(folder), index.address, folder)


@dataclass
class World:
    """A user's computer: an index, a folder for engines, and a plug-in that was unpacked from its ZIP."""

    index: Index
    folders: Folders
    plug_in: Path
    told: list[tuple[float, str]] = field(default_factory=list)

    @property
    def parts(self) -> Parts:
        parts = Parts.of(self.plug_in)
        assert parts is not None
        return parts

    def set_up(self, place: str | None = None, proxy: str = "", openvino: bool = False) -> None:
        """Set up and wait for the end. Raises Failure, Cancelled."""
        self.follow(self.start(place, proxy, openvino))

    def start(self, place: str | None = None, proxy: str = "", openvino: bool = False) -> task.SetupTask:
        source = Source(self.index.address if place is None else place, proxy)
        return task.set_up(self.plug_in, self.parts, self.folders, Choices(source, openvino))

    def follow(self, running: task.SetupTask) -> None:
        while running.update():
            self.told.append((running.fraction, running.text))
            time.sleep(0.01)
        self.told.append((running.fraction, running.text))

    def state(self) -> str:
        return state(self.plug_in, self.folders)

    def engines(self) -> list[str]:
        return sorted(path.name for path in self.folders.engines.glob("*"))


@pytest.fixture
def world(
    index: Index, zips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A computer on which nothing was set up; Python is there already, as no test may download one."""
    monkeypatch.setattr(python_choice, "may_use_systems", lambda: True)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.base_prefix) / "bin"), os.environ["PATH"]]))
    yield World(index, Folders(tmp_path / "data"), unpack(zips["gimp"], tmp_path / "plug-ins"))
    index.damaged.clear()
    index.cut.clear()
    index.replaced.clear()
    index.refused, index.ranges, index.html = 0, True, False


def test_from_a_zip_to_a_working_engine(world: World) -> None:
    assert world.state() == MISSING
    world.set_up()
    assert world.state() == READY
    found = find(world.plug_in)
    assert found.inside
    assert found.install == "Filters ▸ Artistic ▸ Engine of Neural Style…"
    assert Path(found.command[0]).is_relative_to(world.folders.root)
    fractions = [fraction for fraction, _ in world.told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


@pytest.mark.parametrize("html", [False, True])
def test_the_index_may_answer_in_json_or_html(world: World, html: bool) -> None:
    world.index.html = html
    world.set_up()
    assert world.state() == READY


def test_an_older_uv_is_removed(world: World) -> None:
    older = world.folders.tools / "0123456789abcdef"
    older.mkdir(parents=True)
    (older / "uv").write_bytes(b"")
    world.set_up()
    assert not older.exists()
    assert len(list(world.folders.tools.iterdir())) == 1


def test_a_folder_of_wheels_needs_no_network(world: World) -> None:
    world.index.asked.clear()
    world.set_up(place=str(world.index.folder))
    assert world.state() == READY
    assert world.index.asked == []


def test_openvino_comes_on_request_and_replaces_the_engine_without(world: World) -> None:
    world.set_up()
    (first,) = world.engines()
    assert not list((world.folders.engines / first).rglob("openvino.py"))
    time.sleep(1)  # the folders' names have the time in seconds
    world.index.asked.clear()
    world.set_up(openvino=True)
    (second,) = world.engines()
    assert list((world.folders.engines / second).rglob("openvino.py"))
    assert not [path for path in world.index.asked if "onnxruntime-1.0" in path], "it was there already"


def test_another_editor_takes_the_engine_that_is_there(
    world: World, zips: dict[str, Path], tmp_path: Path
) -> None:
    world.set_up()
    world.index.asked.clear()
    other = unpack(zips["krita"], tmp_path / "pykrita")
    assert state(other, world.folders) == READY
    assert find(other).command == find(world.plug_in).command
    assert find(other).install == "Tools ▸ Scripts ▸ Engine of Neural Style…"
    assert world.index.asked == []


def test_a_newer_zip_updates_the_engine_and_leaves_the_other_editors(
    world: World, zips: dict[str, Path], tmp_path: Path
) -> None:
    world.set_up()
    krita = unpack(zips["krita"], tmp_path / "pykrita")
    assert state(krita, world.folders) == READY
    (old,) = world.engines()
    newer = build_zips(engine_wheel(tmp_path / "new", "0.2.0"), world.index.address, tmp_path / "new")
    unpack(newer["gimp"], tmp_path / "plug-ins")
    assert world.state() == OUTDATED
    world.set_up()
    assert world.state() == READY
    assert find(world.plug_in).version == "0.2.0"
    assert find(krita).version == "0.1.0"
    unpack(newer["krita"], tmp_path / "pykrita")
    assert state(krita, world.folders) == READY  # takes GIMP's
    engines.remove_unused(world.folders)
    assert old not in world.engines()


def test_removal_leaves_nothing(world: World, zips: dict[str, Path], tmp_path: Path) -> None:
    krita = unpack(zips["krita"], tmp_path / "pykrita")
    world.set_up()
    assert state(krita, world.folders) == READY
    world.follow(task.remove(world.folders))
    assert world.state() == MISSING
    assert state(krita, world.folders) == MISSING
    assert not [path for path in world.folders.root.iterdir() if path.is_dir()]
    with pytest.raises(EngineError, match="not set up yet") as caught:
        find(world.plug_in)
    assert "Filters ▸ Artistic" in caught.value.hint


def test_an_engine_of_the_terminal_of_the_same_version_is_kept(world: World) -> None:
    facts = {"command": [sys.executable, "-m", "nst_onnx.worker"], "version": "0.1.0"}
    (world.plug_in / "engine.json").write_text(json.dumps(facts))
    assert world.state() == READY
    (world.plug_in / "engine.json").write_text(json.dumps({**facts, "version": "0.0.9"}))
    assert world.state() == OUTDATED


def test_an_engine_whose_python_is_gone_is_missing(world: World) -> None:
    world.set_up()
    Path(find(world.plug_in).command[0]).unlink()
    assert world.state() == MISSING
    world.set_up()
    assert world.state() == READY


# ---- failures leave everything as it was


def unchanged_after(world: World, message: str, hint: str, **arguments: str) -> None:
    """Assert that a set-up fails with these words, and that the engine that was there still is."""
    before = world.state(), world.engines(), (world.plug_in / "engine.json").is_file()
    with pytest.raises(Failure) as caught:
        world.set_up(**arguments)
    assert message in str(caught.value)
    assert hint in str(caught.value)
    assert (world.state(), world.engines(), (world.plug_in / "engine.json").is_file()) == before


def test_no_network(world: World) -> None:
    unchanged_after(
        world, "Cannot reach 127.0.0.1:9: ", "folder of wheels", place="http://127.0.0.1:9/simple"
    )


def test_the_network_fails_after_uv_is_there(world: World) -> None:
    world.set_up()
    newest = sorted(world.folders.tools.glob("*/uv*"))
    world.follow(task.remove(world.folders))
    assert newest
    running = world.start()
    wait_until(lambda: list(world.folders.tools.glob("*/uv*")) or not running.update())
    world.index.refused = 503
    with pytest.raises(Failure, match=r"."):
        world.follow(running)
    assert world.state() == MISSING
    assert world.engines() == []
    world.index.refused = 0
    world.set_up()
    assert world.state() == READY


def test_the_proxy_is_used_and_asks_for_a_password(world: World) -> None:
    world.index.refused = 407
    proxy = world.index.address.removesuffix("/simple")
    unchanged_after(
        world, "name and a password", "http://name:password@", place="http://far.invalid/simple", proxy=proxy
    )


def test_a_proxy_leads_to_the_index(world: World) -> None:
    """The index itself stands for the proxy: it is asked for addresses of a server that does not exist."""
    proxy = world.index.address.removesuffix("/simple")
    unchanged_after(world, "far.invalid", "", place="http://far.invalid/simple", proxy=proxy)
    assert any(path.startswith("http://far.invalid/simple/uv/") for path in world.index.asked)


@pytest.mark.parametrize("place", ["/nowhere/at/all", "ftp://example.invalid"])
def test_a_place_that_is_none(world: World, place: str) -> None:
    unchanged_after(world, f"There is no folder {place}", "address of a package index", place=place)


def test_a_wrong_checksum_of_uv(world: World) -> None:
    (wheel,) = world.index.folder.glob("uv-*.whl")
    world.index.damaged.add(wheel.name)
    unchanged_after(world, "is not the one that was published", "Nothing was installed")
    assert not list(world.folders.downloads.glob("*"))


def test_a_wrong_checksum_of_a_package(world: World, tmp_path: Path) -> None:
    other = make_wheel(tmp_path, "small_package", "1.0", {"small_package.py": b"# something else"})
    world.index.replaced[other.name] = other
    unchanged_after(world, "small-package==1.0 is not the one that was published", "Nothing was installed")


def test_a_package_arrives_damaged(world: World) -> None:
    (wheel,) = world.index.folder.glob("small_package-*.whl")
    world.index.damaged.add(wheel.name)
    unchanged_after(world, f"The file {wheel.name} arrived damaged", "try again")


def test_a_damaged_wheel_in_the_zip(world: World) -> None:
    (wheel,) = (world.plug_in / "setup").glob("*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-1])
    unchanged_after(world, "missing in the plug-in, or damaged", "again from its ZIP")


def test_no_room_is_said_before_anything_is_downloaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10**6})
    monkeypatch.setattr(space.shutil, "disk_usage", lambda folder: usage)
    world.index.asked.clear()
    unchanged_after(world, "not enough room", "MB are needed, 1 MB are free")
    assert world.index.asked == []


def test_another_editor_is_at_it(world: World) -> None:
    with locked(world.folders.root):
        unchanged_after(world, "by another window or editor", "Wait")


def test_an_engine_that_does_not_work_is_removed_again(world: World, tmp_path: Path) -> None:
    broken = engine_wheel(tmp_path / "broken", "0.3.0", "raise SystemExit('DLL load failed')")
    unpack(build_zips(broken, world.index.address, tmp_path / "broken")["gimp"], tmp_path / "plug-ins")
    unchanged_after(world, "its test failed", "Visual C++")


def test_cancelled(world: World) -> None:
    for text in ("Preparing", "Downloading uv", "Looking for Python", "packages", "Testing"):
        running = world.start()
        wait_until(lambda text=text, running=running: text in running.text or not running.update())
        running.cancel()
        with pytest.raises(Cancelled):
            world.follow(running)
        assert world.state() == MISSING
        assert world.engines() == []


KILLED = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from nst_client.engine_setup import python_choice, task
from nst_client.engine_setup.folders import Folders
from nst_client.engine_setup.installation import Choices
from nst_client.engine_setup.parts import Parts
from nst_client.engine_setup.source import Source
python_choice.may_use_systems = lambda: True
plug_in = Path(sys.argv[1])
running = task.set_up(plug_in, Parts.of(plug_in), Folders(Path(sys.argv[2])), Choices(Source(sys.argv[3])))
while running.update():
    if sys.argv[4] in running.text:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.002)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("moment", ["Looking for Python", "Testing"])
def test_killed_half_way(world: World, moment: str) -> None:
    line = [sys.executable, "-c", KILLED, str(world.plug_in), str(world.folders.root), world.index.address]
    done = subprocess.run([*line, moment], timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL
    assert world.state() == MISSING
    world.set_up()
    assert world.state() == READY
    assert len(world.engines()) == 1


# ---- what the window shows


def test_a_session_tells_sizes_and_ends_ready(world: World) -> None:
    session = SetupSession(world.plug_in, world.parts, world.folders)
    assert session.state == MISSING
    assert world.folders.shown in session.explanation
    assert session.action == "_Set up the engine"
    assert not session.removable
    session.start(world.index.address, "", False)
    wait_until(lambda: not session.poll())
    assert session.message == ""
    assert session.succeeded
    assert session.removable
    assert "nst-onnx 0.1.0 is set up in" in session.explanation
    session.remove()
    wait_until(lambda: not session.poll())
    assert session.state == MISSING
    assert "removed" in session.message


def test_a_session_shows_failures_and_goes_on(world: World) -> None:
    session = SetupSession(world.plug_in, world.parts, world.folders)
    session.start("http://127.0.0.1:9/simple", "", False)
    wait_until(lambda: not session.poll())
    assert "Cannot reach" in session.message
    assert not session.succeeded
    session.start(world.index.address, "", False)
    session.cancel()
    wait_until(lambda: not session.poll())
    assert "nothing was changed" in session.message
