"""The worker process, and the threads that read and write its pipes."""

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

from .environment import start_process
from .errors import EngineError, system_reason
from .protocol import FOLDER_PREFIX, Message

_LOG_LINES = 60
Outgoing = Callable[[], Optional[Message]]


class Process:
    """The worker process. Only `end` and `kill` block.

    `on_message` is called for each message, `on_end` once after the last, `on_log` for each line of the log;
    all from this object's threads.
    """

    def __init__(
        self,
        command: list[str],
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
        on_log: Callable[[str], None] | None = None,
    ) -> None:
        self._command, self._on_message, self._on_end, self._on_log = command, on_message, on_end, on_log
        self.folder: Path | None = None
        self.last_message_at = self.started_at = time.monotonic()
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._outbox: queue.Queue[Outgoing | None] = queue.Queue()

    def start(self) -> None:
        """Start the process and its threads. Raises EngineError."""
        try:
            self.popen = start_process(self._command)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"the engine cannot be started: {self._command[0]}: {system_reason(error)}",
                "run `nst-onnx plugin doctor`",
            ) from error
        self._log_reader = self._start_thread(self._read_log)
        self._start_thread(self._read_messages)
        self._start_thread(self._write_messages)

    # ---- for the client

    def send(self, outgoing: Outgoing) -> None:
        """Queue `outgoing`: the writing thread calls it (it may write files) and sends its message."""
        self._outbox.put(outgoing)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.popen.poll() is None

    @property
    def log(self) -> str:
        """The last lines of its standard error."""
        return "\n".join(list(self._log))

    def kill(self) -> None:
        """Kill the process and remove its files."""
        if self.alive:
            self.popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(2)
        self._clean()

    def end(self, seconds: float) -> None:
        """Request a shutdown, wait up to `seconds`, then kill."""
        self._outbox.put(lambda: {"id": "end", "request": "shutdown"})
        self._outbox.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        self.kill()

    def _clean(self) -> None:
        """Remove the worker's folder where one is left and has the worker's prefix."""
        if self.folder is not None and self.folder.name.startswith(FOLDER_PREFIX):
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- threads

    def _start_thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="nst-onnx " + work.__name__.strip("_"), daemon=True)
        thread.start()
        return thread

    def _read_messages(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as stream:
            for line in stream:
                self.last_message_at = time.monotonic()
                try:
                    message = json.loads(line.decode("utf-8"))
                except ValueError:
                    self._add_log_line(f"not a message: {line[:200]!r}")
                    continue
                if isinstance(message, dict):
                    self._on_message(message)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(2)  # its output has ended, so the process is about to
        self._log_reader.join(1)  # the last lines contain the reason
        self.kill()
        self._outbox.put(None)
        self._on_end()

    def _read_log(self) -> None:
        assert self.popen.stderr is not None
        with self.popen.stderr as stream:
            for line in stream:
                self._add_log_line(line.decode("utf-8", "replace").rstrip())

    def _add_log_line(self, line: str) -> None:
        self._log.append(line)
        if self._on_log is not None:
            self._on_log(line)

    def _write_messages(self) -> None:
        assert self.popen.stdin is not None
        # Writing and closing fail once the process has ended; the reading thread reports that.
        with contextlib.suppress(OSError, ValueError), self.popen.stdin as stream:
            while True:
                outgoing = self._outbox.get()
                if outgoing is None:
                    return
                message = outgoing()
                if message is not None:
                    stream.write(json.dumps(message).encode("ascii") + b"\n")
                    stream.flush()
