"""The worker of `nst-onnx app`: how it is started, and what is told where it fails."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from nst_onnx.app.engine import Engine
from nst_onnx.editors import engine_file
from nst_onnx.editors.worker.protocol import Message
from nst_onnx.errors import NstError

PATIENCE = 60  # seconds, after which a test fails instead of hanging
HELLO = 'print(json.dumps({"event": "hello", "folder": "."}), flush=True)\n'

Workers = Callable[..., list[int]]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workers:
    """Make the engine start these programs, one after the other, instead of the worker."""

    def replace(*programs: str) -> list[int]:
        started: list[int] = []

        def command() -> list[str]:
            started.append(len(started))
            body = textwrap.dedent(programs[min(len(started), len(programs)) - 1])
            path = tmp_path / f"worker_{len(started)}.py"
            path.write_text(f"import json, os, sys, time\n{body}")
            return [sys.executable, str(path)]

        monkeypatch.setattr(engine_file, "command", command)
        return started

    return replace


async def last(engine: Engine) -> Message:
    """Paint, and return the last event."""
    _, events = await engine.paint({})
    return [event async for event in events][-1]


def test_files_of_the_working_folder_are_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "argparse.py").write_text("open('executed', 'w').close()")
    monkeypatch.chdir(tmp_path)

    async def run() -> None:
        engine = Engine()
        assert (await engine.start())["event"] == "hello"
        await engine.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert not (tmp_path / "executed").exists()


def test_a_worker_that_dies_before_its_hello_is_told(stand_in: Workers) -> None:
    stand_in("sys.exit(1)")
    with pytest.raises(NstError, match="ended before it was ready"):
        asyncio.run(asyncio.wait_for(Engine().start(), PATIENCE))


def test_a_first_line_that_is_no_event_is_told(stand_in: Workers) -> None:
    stand_in("print('Welcome!', flush=True); sys.stdin.read()")
    with pytest.raises(NstError, match="first line cannot be read"):
        asyncio.run(asyncio.wait_for(Engine().start(), PATIENCE))


def test_a_worker_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_file, "command", lambda: [str(tmp_path / "gone")])
    with pytest.raises(NstError, match="cannot be started"):
        asyncio.run(asyncio.wait_for(Engine().start(), PATIENCE))


def test_a_hello_that_is_an_error_ends_the_worker_and_the_next_one_is_tried(
    stand_in: Workers, tmp_path: Path
) -> None:
    failing = """
        print(json.dumps({"event": "error", "message": "no room", "hint": "make some"}), flush=True)
        sys.stdin.read()
        open(__file__ + ".ended", "w").close()
        """
    started = stand_in(failing, f"{HELLO}sys.stdin.read()")

    async def run() -> None:
        engine = Engine()
        with pytest.raises(NstError, match="no room"):
            await engine.start()
        assert (await engine.start())["event"] == "hello"
        await engine.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert len(started) == 2
    assert [path.name for path in tmp_path.glob("*.ended")] == ["worker_1.py.ended"]


@pytest.mark.parametrize("line", ["Warning: no JSON", "[1]", "x" * 3_000_000])
def test_what_is_no_event_ends_the_jobs_with_a_message(stand_in: Workers, line: str) -> None:
    """The next job has a new worker."""
    body = f"{HELLO}sys.stdin.readline()\n"
    short = f"print('x' * {len(line)}, flush=True)" if len(line) > 99 else f"print({line!r}, flush=True)"
    answer = 'print(json.dumps({"id": "2", "event": "done"}), flush=True)'
    started = stand_in(f"{body}{short}\ntime.sleep(1000)", f"{body}{answer}\nsys.stdin.read()")

    async def run() -> list[Message]:
        engine = Engine()
        found = [await last(engine), await last(engine)]
        await engine.close()
        return found

    died, done = asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert "ended unexpectedly" in died["message"]
    assert done["event"] == "done"
    assert len(started) == 2


def test_the_reader_of_a_dead_worker_takes_nothing_of_the_next(stand_in: Workers) -> None:
    """A child of the first holds its output open, so that its reader still reads."""
    holding = """
        sys.stdin.readline()
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
        os._exit(1)
        """
    if sys.platform == "win32":
        pytest.skip("needs os.fork")
    answers = """
        for number in "23":
            sys.stdin.readline()
            time.sleep(3)
            print(json.dumps({"id": number, "event": "done"}), flush=True)
        sys.stdin.read()
        """
    stand_in(HELLO + textwrap.dedent(holding), HELLO + textwrap.dedent(answers))

    async def run() -> list[Message]:
        engine = Engine()
        first = asyncio.create_task(last(engine))
        while engine._process is None or engine._process.returncode is None:
            await asyncio.sleep(0.01)
        second = await last(engine)
        third = await last(engine)
        await engine.close()
        return [await first, second, third]

    first, second, third = asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert first["event"] == "error"
    assert (second["event"], third["event"]) == ("done", "done")
