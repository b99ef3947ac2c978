"""One run of the worker: its process, and the threads that carry messages to and fro."""

from __future__ import annotations

import collections
import contextlib
import json
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Optional

from .environment import how_to_start
from .errors import EngineError
from .protocol import FOLDER_PREFIX, Message

_LOG_LINES = 60
Order = Callable[[], Optional[Message]]


class Process:
    """The worker while it lives. Nothing here waits for the worker, except `end` and `kill`.

    `on_message` is called for each message, and `on_end` once, when no more will come; `on_log` for each
    line of its log: all from threads of this object.
    """

    def __init__(
        self,
        command: list[str],
        on_message: Callable[[Process, Message], None],
        on_end: Callable[[Process], None],
        on_log: Callable[[str], None] | None = None,
    ) -> None:
        self._command, self._on_message, self._on_end, self._on_log = command, on_message, on_end, on_log
        self.folder: Path | None = None
        self.heard = self.begun = time.monotonic()
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._orders: queue.Queue[Order | None] = queue.Queue()

    def start(self) -> None:
        """Start it. Raises EngineError where the command cannot be."""
        pipe = subprocess.PIPE
        try:
            self.popen = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, stderr=pipe, **how_to_start()
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise EngineError(
                f"the engine cannot be started: {self._command[0]}: {reason}".rstrip("."),
                "run `nst-onnx plugin doctor`",
            ) from error
        self._logging = self._thread(self._read_log)
        self._thread(self._read_messages)
        self._thread(self._write_messages)

    # ---- what the rest of the client calls

    def send(self, order: Order) -> None:
        """Let the writing thread call `order` (which may write files) and send what it returns, if any."""
        self._orders.put(order)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.popen.poll() is None

    @property
    def log(self) -> str:
        """The end of what it wrote on standard error."""
        return "\n".join(list(self._log))

    def kill(self) -> None:
        """End it now, and remove its files, which it no longer can."""
        if self.alive:
            self.popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(2)
        self._clean()

    def end(self, seconds: float) -> None:
        """Ask it to end, give it a while, then make it."""
        self._orders.put(lambda: {"id": "end", "request": "shutdown"})
        self._orders.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        self.kill()

    def _clean(self) -> None:
        """Remove the worker's folder if it left one behind; only what is surely its own."""
        if self.folder is not None and self.folder.name.startswith(FOLDER_PREFIX):
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- threads

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="nst-onnx " + work.__name__.strip("_"), daemon=True)
        thread.start()
        return thread

    def _read_messages(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as stream:
            for line in stream:
                self.heard = time.monotonic()
                try:
                    message = json.loads(line.decode("utf-8"))
                except ValueError:
                    self._note(f"not a message: {line[:200]!r}")
                    continue
                if isinstance(message, dict):
                    self._on_message(self, message)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(2)  # its output has ended, so it should
        self._logging.join(1)  # the last lines say why
        self.kill()
        self._orders.put(None)
        self._on_end(self)

    def _read_log(self) -> None:
        assert self.popen.stderr is not None
        with self.popen.stderr as stream:
            for line in stream:
                self._note(line.decode("utf-8", "replace").rstrip())

    def _note(self, line: str) -> None:
        self._log.append(line)
        if self._on_log is not None:
            self._on_log(line)

    def _write_messages(self) -> None:
        assert self.popen.stdin is not None
        # When the worker is gone, writing and closing fail: the reading thread will say so.
        with contextlib.suppress(OSError, ValueError), self.popen.stdin as stream:
            while True:
                order = self._orders.get()
                if order is None:
                    return
                message = order()
                if message is not None:
                    stream.write(json.dumps(message).encode("ascii") + b"\n")
                    stream.flush()
