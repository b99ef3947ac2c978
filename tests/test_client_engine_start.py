"""The plug-ins' client and an engine that cannot be started, or that breaks off."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import COMMAND, PATIENCE, picture, wait_until

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Engine, EngineError, Error, Pixels
from nst_client.remedies import Remedies

from nst_onnx.version import __version__

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")
TINY = {"size": 24, "steps": 3}
CONTENT, STYLE = (
    Pixels(width, height, 3, "u8", picture(height, width, seed, 3, "u8").tobytes())
    for width, height, seed in ((24, 20, 1), (18, 18, 2))
)


def script(tmp_path: Path, text: str) -> list[str]:
    """Return the command for a program that is no worker, or a strange one."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(text))
    return [sys.executable, str(path)]


def test_an_engine_that_is_not_there() -> None:
    with pytest.raises(EngineError, match="cannot be started") as caught:
        Engine(["/nowhere/python", "-m", "nst_onnx.worker"]).start()
    assert caught.value.hint


def test_a_python_without_nst_onnx(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="could not start") as caught:
        Engine([sys.executable, "-I", "-S", "-m", "nst_onnx.worker"]).start()
    assert "No module named" in caught.value.log


def test_a_worker_that_dies_at_the_start_is_reported_with_its_log(tmp_path: Path) -> None:
    command = script(tmp_path, "import sys; print('the reason', file=sys.stderr); sys.exit(3)")
    lines: list[str] = []
    with pytest.raises(EngineError, match="exit code 3") as caught:
        Engine(command, log=lines.append).start()
    assert caught.value.log == "the reason"
    assert lines == ["the reason"]


def test_a_worker_without_a_hello(tmp_path: Path) -> None:
    engine = Engine(script(tmp_path, "import time; time.sleep(1000)"), start_seconds=0.3)
    with pytest.raises(EngineError, match="did not start"):
        engine.start()
    assert not engine.running


def test_a_worker_of_another_protocol(tmp_path: Path) -> None:
    program = """
        import json, sys
        print(json.dumps({"event": "hello", "protocol": 99, "version": "7.0"}), flush=True)
        sys.stdin.read()
    """
    with pytest.raises(EngineError, match=r"nst-onnx 7.0 uses protocol 99") as caught:
        Engine(script(tmp_path, program)).start()
    assert "plugin install" in caught.value.hint


def test_a_worker_of_another_version(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path), version="0.0.1", remedies=Remedies("renew it", "look"))
    with pytest.raises(EngineError, match=rf"nst-onnx 0\.0\.1, but {__version__} is installed") as caught:
        engine.start()
    assert "renew it" in caught.value.hint
    wait_until(lambda: not list(tmp_path.iterdir()))


def test_a_worker_whose_folder_is_not_visible(tmp_path: Path) -> None:
    """As where the editor is in a sandbox and the engine is not."""
    program = """
        import json, sys
        hello = {"event": "hello", "protocol": 1, "version": "1", "folder": "/nowhere/nst-onnx-worker-1"}
        print(json.dumps(hello), flush=True)
        sys.stdin.read()
    """
    with pytest.raises(EngineError, match="/nowhere/nst-onnx-worker-1 cannot be seen"):
        Engine(script(tmp_path, program)).start()


def test_a_worker_that_reports_why_it_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="folder") as caught:
        Engine(COMMAND, folder=str(tmp_path / "nowhere")).start()
    assert caught.value.hint


def test_a_worker_that_prints_other_lines_first(tmp_path: Path) -> None:
    program = """
        import json, sys
        print("welcome to this computer", flush=True)
        print("[1, 2]", flush=True)
        hello = {"event": "hello", "protocol": 1, "version": "1", "folder": "/"}
        print(json.dumps(hello), flush=True)
        sys.stdin.read()
    """
    lines: list[str] = []
    with Engine(script(tmp_path, program), log=lines.append) as engine:
        assert engine.start().version == "1"
    assert "welcome" in lines[0]
    assert Path("/").exists()  # a folder of that name is not taken for the worker's own


def test_launch_does_not_block(tmp_path: Path) -> None:
    engine = Engine(script(tmp_path, "import time; time.sleep(1000)"))
    engine.launch()
    assert engine.ready() is None
    with pytest.raises(EngineError, match="not running"):
        engine.stylize(CONTENT, [STYLE])
    engine.close(0)


@posix
def test_what_an_editor_sets_for_its_own_python_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("APPDIR", str(tmp_path))
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/lib:/some/where")
    with Engine(COMMAND, folder=str(tmp_path)) as engine:
        assert engine.running
        environment = Path(f"/proc/{engine.pid}/environ")
        if environment.exists():
            assert b"LD_LIBRARY_PATH=/some/where\0" in environment.read_bytes() + b"\0"


@posix
def test_an_unpacked_appimages_libraries_do_not_reach_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libstdc++.so.6").write_text("no library")
    monkeypatch.delenv("APPDIR", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}:/some/where")
    monkeypatch.setenv("LD_PRELOAD", "")
    with Engine(COMMAND, folder=str(tmp_path)) as engine:
        assert engine.running
        environment = Path(f"/proc/{engine.pid}/environ")
        if environment.exists():
            assert b"LD_LIBRARY_PATH=/some/where\0" in environment.read_bytes() + b"\0"


def test_an_answer_that_cannot_be_read_ends_the_job(tmp_path: Path) -> None:
    # A folder of its own: workers of other tests remove those in the system's that nobody holds a lock on.
    program = """
        import json, os, sys, tempfile
        own = tempfile.mkdtemp(prefix="nst-onnx-worker-", dir=os.path.dirname(__file__))
        def say(**event):
            print(json.dumps(event), flush=True)
        say(event="hello", protocol=1, version="1", folder=own)
        for line in sys.stdin:
            request = json.loads(line)
            if request["request"] == "stylize":
                say(event="done", id=request["id"], picture={"file": "nowhere"})
            elif request["request"] == "cancel":
                print("asked to end", file=sys.stderr, flush=True)
    """
    lines: list[str] = []
    with Engine(script(tmp_path, program), log=lines.append) as engine:
        last = engine.stylize(CONTENT, [STYLE]).wait(PATIENCE)
        assert isinstance(last, Error)
        assert "cannot be read" in last.message
        wait_until(lambda: lines == ["asked to end"])


@posix
def test_a_folder_without_room_is_an_error_of_the_job(tmp_path: Path) -> None:
    with Engine(COMMAND, folder=str(tmp_path)) as engine:
        folder = Path(engine.start().folder)
        folder.rename(folder.with_name("elsewhere"))
        last = engine.stylize(CONTENT, [STYLE], TINY).wait(PATIENCE)
        assert isinstance(last, Error)
        assert "cannot hand the picture" in last.message
        folder.with_name("elsewhere").rename(folder)
    assert list(tmp_path.iterdir()) == []


def test_pixels_must_be_as_many_as_described() -> None:
    with pytest.raises(ValueError, match="48 bytes"):
        Pixels(4, 4, 3, "u8", bytes(47))
    with pytest.raises(ValueError, match="type"):
        Pixels(4, 4, 3, "f64", bytes(384))
