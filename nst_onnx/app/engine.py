"""The native engine: a worker process, and its events for whoever waits for a job."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

from nst_onnx.editors import engine_file
from nst_onnx.editors.worker.protocol import LONGEST_LINE, Message, encode
from nst_onnx.errors import NstError
from nst_onnx.support.library_errors import system_reason

Jobs = dict[str, asyncio.Queue[Message]]
"""The events of one process's jobs that wait to be taken, by the jobs' ids."""

_END_SECONDS = 3.0
_DIED: Message = {
    "event": "error",
    "code": "internal",
    "message": "the engine ended unexpectedly",
    "hint": "choose a smaller size; the terminal may say why",
}
_DOCTOR = "the terminal may say why, or see what is wrong: nst-onnx doctor"
LAST = ("done", "cancelled", "error")
"""The last events of a job."""


class Engine:
    """Starts the worker when it is first needed, and again where it died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._jobs: Jobs = {}  # of the process that runs now
        self._numbers = itertools.count(1)
        self.hello: Message = {}

    async def start(self) -> Message:
        """Start the worker unless it runs; return its hello. Raises NstError where it cannot start."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._launch()
        return self.hello

    async def _launch(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *engine_file.command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2 * LONGEST_LINE,
                env=engine_file.environment(),
            )
        except OSError as error:
            raise NstError(f"the engine cannot be started: {system_reason(error)}", _DOCTOR) from error
        try:
            hello = await _next(process)
            if not hello:
                raise NstError("the engine ended before it was ready", _DOCTOR)
            if hello.get("event") != "hello":
                message = str(hello.get("message", "the engine did not start"))
                raise NstError(message, str(hello.get("hint", "")))
        except ValueError as error:
            await _end(process)
            raise NstError("the engine's first line cannot be read", _DOCTOR) from error
        except BaseException:
            await _end(process)
            raise
        self._process, self.hello, self._jobs = process, hello, {}
        self._reader = asyncio.create_task(self._read(process, self._jobs))

    async def paint(self, request: Message) -> tuple[str, AsyncIterator[Message]]:
        """Send a `stylize` request without an id; return its id, and its events to the last."""
        await self.start()
        name = str(next(self._numbers))
        jobs = self._jobs
        jobs[name] = asyncio.Queue[Message]()
        self._send({**request, "id": name, "request": "stylize"})
        return name, self._events(name, jobs)

    def cancel(self, name: str, *, keep: bool = False) -> None:
        """End a job; `keep`: with the picture so far."""
        if name in self._jobs:
            identifier = f"cancel-{next(self._numbers)}"
            self._send({"id": identifier, "request": "cancel", "of": name, "keep": keep})

    def file(self, name: str) -> Path:
        """Return the file of a picture of an event."""
        return Path(str(self.hello["folder"])) / name

    async def close(self) -> None:
        """End the worker."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # the end of its input ends the worker
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader, _END_SECONDS)  # cancelled, the reader kills the worker

    async def _events(self, name: str, jobs: Jobs) -> AsyncIterator[Message]:
        queue = jobs[name]
        try:
            while True:
                event = await queue.get()
                yield event
                if event["event"] in LAST:
                    return
        finally:
            jobs.pop(name, None)

    async def _read(self, process: asyncio.subprocess.Process, jobs: Jobs) -> None:
        """Hand out a worker's events until it ends, or until it sends what is no event."""
        try:
            while event := await _next(process):
                queue = jobs.get(str(event.get("id")))
                if queue is not None:
                    queue.put_nowait(event)
                elif (picture := event.get("picture")) is not None:
                    self.file(picture["file"]).unlink(missing_ok=True)  # of a job that nobody waits for
        except Exception:
            traceback.print_exc()
        finally:
            await _end(process)
            for queue in jobs.values():
                queue.put_nowait(_DIED)

    def _send(self, message: Message) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its end is reported by `_read`
            self._process.stdin.write(encode(message))


async def _next(process: asyncio.subprocess.Process) -> Message:
    """Return a worker's next event, {} at its end. Raises ValueError for what is none."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    event = json.loads(line) if line else {}
    if not isinstance(event, dict):
        raise ValueError("the engine's line is no JSON object")
    return event


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait until a worker has ended; kill it where it does not, or where it waits for a reader."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_END_SECONDS):
            while await process.stdout.read(LONGEST_LINE):
                pass
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):  # a child of it may hold its output
            await asyncio.wait_for(process.wait(), _END_SECONDS)
