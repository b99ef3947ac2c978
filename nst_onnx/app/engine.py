"""The native engine: a worker process, and its events for whoever waits for a job."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from nst_onnx.editors.worker.protocol import LONGEST_LINE, Message, encode
from nst_onnx.errors import NstError

_END_SECONDS = 3.0
_DIED: Message = {
    "event": "error",
    "code": "internal",
    "message": "the engine ended unexpectedly",
    "hint": "choose a smaller size; the terminal may say why",
}
LAST = ("done", "cancelled", "error")
"""The last events of a job."""


class Engine:
    """Starts the worker when it is first needed, and again where it died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._jobs: dict[str, asyncio.Queue[Message]] = {}
        self._numbers = itertools.count(1)
        self.hello: Message = {}

    async def start(self) -> Message:
        """Start the worker unless it runs; return its hello. Raises NstError where it cannot start."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "nst_onnx.worker",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=2 * LONGEST_LINE,
                )
                self.hello = await self._next()
                if self.hello.get("event") != "hello":
                    raise NstError(str(self.hello.get("message")), str(self.hello.get("hint", "")))
                self._reader = asyncio.create_task(self._read(self._process))
        return self.hello

    async def paint(self, request: Message) -> tuple[str, AsyncIterator[Message]]:
        """Send a `stylize` request without an id; return its id, and its events to the last."""
        await self.start()
        name = str(next(self._numbers))
        queue = self._jobs[name] = asyncio.Queue[Message]()
        self._send({**request, "id": name, "request": "stylize"})
        return name, self._events(name, queue)

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
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()  # the end of its input ends the worker
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader

    async def _events(self, name: str, queue: asyncio.Queue[Message]) -> AsyncIterator[Message]:
        try:
            while True:
                event = await queue.get()
                yield event
                if event["event"] in LAST:
                    return
        finally:
            self._jobs.pop(name, None)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the worker's events until it ends."""
        while event := await self._next():
            queue = self._jobs.get(str(event.get("id")))
            if queue is not None:
                queue.put_nowait(event)
            elif (picture := event.get("picture")) is not None:
                self.file(picture["file"]).unlink(missing_ok=True)  # of a job that nobody waits for
        await process.wait()
        for queue in self._jobs.values():
            queue.put_nowait(_DIED)

    async def _next(self) -> Message:
        """Return the worker's next event, {} at its end."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        event: Message = json.loads(line) if line else {}
        return event

    def _send(self, message: Message) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its end is reported by `_read`
            self._process.stdin.write(encode(message))
