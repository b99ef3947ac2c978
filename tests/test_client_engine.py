"""The plug-ins' client against a real worker: painting, cancelling, and everything that may go wrong."""

from __future__ import annotations

import os
import signal
import sys
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
