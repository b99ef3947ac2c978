"""Standard input and output, reserved for the protocol."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator

from nst_onnx.editors.worker.protocol import Lines, Message, ProtocolError, decode, encode

_CHUNK = 1 << 16


class Channel:
    """Receives and sends messages. Sending never blocks."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._write, name="writing", daemon=True).start()

    def messages(self) -> Iterator[Message | ProtocolError]:
        """Yield requests, and a ProtocolError for each line that is none, until the input ends."""
        lines = Lines()
        while data := self._read():
            for line in lines.feed(data):
                if isinstance(line, ProtocolError):
                    yield line
                    continue
                try:
                    yield decode(line)
                except ProtocolError as error:
                    yield error

    def send(self, message: Message) -> None:
        """Queue a message for sending."""
        line = encode(message)
        with self._changed:
            self._waiting.append(line)
            self._changed.notify_all()

    @property
    def backlog(self) -> int:
        """Number of messages not yet written."""
        return len(self._waiting)

    def flush(self, seconds: float) -> None:
        """Wait until all is written, but no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while self._waiting and not self._closed and time.monotonic() < deadline:
            time.sleep(0.005)

    def _read(self) -> bytes:
        try:
            return os.read(self._source, _CHUNK)
        except OSError:  # on Windows a pipe whose other end is gone is an error
            return b""

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                line = self._waiting[0]
            try:
                while line:
                    line = line[os.write(self._target, line) :]
            except OSError:  # the reader is gone; the end of the input ends the worker
                self._closed = True
                return
            self._waiting.popleft()


def take_over() -> Channel:
    """Move standard input and output to where only the protocol finds them.

    Whatever a library prints, in Python or in C, goes to standard error from now on, and nothing else
    reads the requests. (On Windows this also frees the standard input handle: other threads would
    block on it while a read is pending.)
    """
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without a standard error
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (source, target):
            msvcrt.setmode(descriptor, os.O_BINARY)
    sys.stdout = sys.stderr
    return Channel(source, target)
