"""The plug-ins' client against a real worker: painting, cancelling, and everything that may go wrong."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import COMMAND, PATIENCE, picture, wait_until

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import (
    Accepted,
    Cancelled,
    Done,
    Engine,
    EngineError,
    Error,
    Event,
    Pixels,
    Preview,
    Progress,
)
from nst_client.remedies import Remedies

from nst_onnx.version import __version__

LONG = {"size": 160, "steps": 100_000, "min_change": 0}
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def pixels(height: int, width: int, seed: int, channels: int = 3, kind: str = "u8") -> Pixels:
    return Pixels(width, height, channels, kind, picture(height, width, seed, channels, kind).tobytes())


CONTENT, STYLE = pixels(20, 24, 1), pixels(18, 18, 2)
TINY = {"size": 24, "steps": 3}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the tests that leave it alive."""
    with Engine(COMMAND, folder=str(tmp_path_factory.mktemp("folders"))) as engine:
        yield engine


@pytest.fixture
def engine(running: Engine) -> Iterator[Engine]:
    """The engine, without files before and after."""
    yield running
    assert running.running
    assert list(folder_of(running).iterdir()) == []


def folder_of(engine: Engine) -> Path:
    return Path(engine.start().folder)


def at_work(engine: Engine):
    job = engine.stylize(CONTENT, [STYLE], LONG, preview_seconds=None)
    wait_until(lambda: any(isinstance(event, Progress) for event in job.poll()))
    return job


def script(tmp_path: Path, text: str) -> list[str]:
    """Return the command for a program that is no worker, or a strange one."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(text))
    return [sys.executable, str(path)]


# ---- painting


def test_a_job_from_request_to_result(engine: Engine) -> None:
    events: list[Event] = []
    job = engine.stylize(CONTENT, [STYLE], {"size": 24, "steps": 6}, preview_seconds=0)
    last = job.wait(PATIENCE, events.append)
    assert isinstance(last, Done)
    assert isinstance(events[0], Accepted)
    assert {type(event) for event in events} == {Accepted, Progress, Preview, Done}
    assert (last.picture.width, last.picture.height) == (24, 20)
    assert (last.picture.channels, last.picture.type) == (3, "f32")
    assert not last.stopped
    assert last.settings["steps"] == 6
    assert job.over
    assert job.poll() == []


def test_alpha_is_returned(engine: Engine) -> None:
    last = engine.stylize(pixels(20, 24, 1, 4, "f32"), [STYLE], TINY).wait(PATIENCE)
    assert isinstance(last, Done)
    assert last.picture.channels == 4


def test_only_the_newest_progress_and_preview_wait_to_be_polled(engine: Engine) -> None:
    job = engine.stylize(CONTENT, [STYLE], {"size": 24, "steps": 30}, preview_seconds=0)
    wait_until(lambda: job._ended)
    kinds = [type(event).__name__ for event in job.poll()]
    assert sorted(kinds) == ["Accepted", "Done", "Preview", "Progress"]
    assert kinds[-1] == "Done"


def test_styles_from_files_with_any_name(engine: Engine, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "Gemälde – 絵.png"
    Image.fromarray(picture(18, 18, 2)).save(path)
    last = engine.stylize(CONTENT, [str(path)], TINY).wait(PATIENCE)
    assert isinstance(last, Done)
    assert last.settings["styles"] == [path.name]


def test_a_content_from_a_file(engine: Engine, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "photo.png"
    Image.fromarray(picture(20, 24, 1)).save(path)
    of_file, of_pixels = (engine.stylize(one, [STYLE], TINY).wait(PATIENCE) for one in (str(path), CONTENT))
    assert isinstance(of_file, Done)
    assert isinstance(of_pixels, Done)
    paintings = [memoryview(one.picture.data).cast("f") for one in (of_file, of_pixels)]
    assert list(paintings[0]) == pytest.approx(list(paintings[1]), abs=1e-3)


def test_what_the_worker_refuses_is_an_error_for_a_person(engine: Engine) -> None:
    last = engine.stylize(CONTENT, ["/nowhere/at/all.png"], TINY).wait(PATIENCE)
    assert isinstance(last, Error)
    assert last.code == "picture"
    assert "/nowhere/at/all.png" in last.message
    assert last.hint


def test_cancel_before_during_and_after(engine: Engine) -> None:
    job = engine.stylize(CONTENT, [STYLE], LONG)
    job.cancel()
    assert isinstance(job.wait(PATIENCE), Cancelled)
    job = at_work(engine)
    job.cancel()
    job.cancel()
    assert isinstance(job.wait(PATIENCE), Cancelled)
    job = engine.stylize(CONTENT, [STYLE], TINY)
    assert isinstance(job.wait(PATIENCE), Done)
    job.cancel()
    assert job.poll() == []


def test_stop_and_keep(engine: Engine) -> None:
    job = at_work(engine)
    job.stop_and_keep()
    last = job.wait(PATIENCE)
    assert isinstance(last, Done)
    assert last.stopped
    assert last.picture.width == 160


def test_a_second_job_fails_because_the_engine_is_busy(engine: Engine) -> None:
    first = at_work(engine)
    second = engine.stylize(CONTENT, [STYLE], TINY).wait(PATIENCE)
    assert isinstance(second, Error)
    assert second.code == "busy"
    first.cancel()
    assert isinstance(first.wait(PATIENCE), Cancelled)


def test_models(engine: Engine) -> None:
    assert {"name": "compact", "origin": "shipped"} in engine.models()


def test_a_wait_that_is_over_before_the_picture_is(engine: Engine) -> None:
    job = engine.stylize(CONTENT, [STYLE], LONG)
    assert job.wait(0.05) is None
    job.cancel()
    assert isinstance(job.wait(PATIENCE), Cancelled)


# ---- its end


def test_close_ends_the_process_and_removes_its_files(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path))
    engine.start()
    job = at_work(engine)
    engine.close()
    assert list(tmp_path.iterdir()) == []
    assert isinstance(job.wait(PATIENCE), Error)
    with pytest.raises(EngineError, match="closed"):
        engine.stylize(CONTENT, [STYLE])
    engine.close()


@posix
def test_a_killed_worker_is_reported_and_can_be_restarted(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path))
    engine.start()
    job = at_work(engine)
    os.kill(engine.pid, signal.SIGKILL)
    last = job.wait(PATIENCE)
    assert isinstance(last, Error)
    assert last.code == "died"
    assert "signal 9" in last.message
    assert list(tmp_path.iterdir()) == []
    assert not engine.running
    with pytest.raises(EngineError, match="ended unexpectedly"):
        engine.stylize(CONTENT, [STYLE])
    engine.start()
    assert isinstance(engine.stylize(CONTENT, [STYLE], TINY).wait(PATIENCE), Done)
    engine.close()


@posix
def test_a_crash_in_native_code_leaves_its_place_in_the_log(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path))
    engine.start()
    job = at_work(engine)
    os.kill(engine.pid, signal.SIGSEGV)
    last = job.wait(PATIENCE)
    assert isinstance(last, Error)
    assert "Fatal Python error" in last.log


@posix
def test_a_worker_that_hangs_is_ended(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path), hang_seconds=1)
    engine.start()
    job = at_work(engine)
    os.kill(engine.pid, signal.SIGSTOP)
    last = job.wait(PATIENCE)
    assert isinstance(last, Error)
    assert last.code == "hangs"
    assert list(tmp_path.iterdir()) == []


def test_a_busy_worker_is_not_a_hanging_one(tmp_path: Path) -> None:
    with Engine(COMMAND, folder=str(tmp_path), hang_seconds=0.4) as engine:
        # Nothing to tell for long: one large evaluation after the other, while nothing but pings is said.
        job = engine.stylize(CONTENT, [STYLE], {"size": 512, "steps": 3, "pyramid": False})
        assert isinstance(job.wait(PATIENCE), Done)


@posix
def test_cancel_also_ends_a_worker_that_hangs(tmp_path: Path) -> None:
    engine = Engine(COMMAND, folder=str(tmp_path))
    engine.start()
    job = at_work(engine)
    os.kill(engine.pid, signal.SIGSTOP)
    job.cancel()
    assert isinstance(job.wait(PATIENCE), Cancelled)
    assert list(tmp_path.iterdir()) == []


# ---- what cannot be started


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
        folder = folder_of(engine)
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
