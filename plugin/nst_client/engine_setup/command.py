"""A program run to its end, line by line, and killed where the user cancels."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Callable

from .cancelling import Cancelling

_POLL_SECONDS = 0.1


class CommandError(Exception):
    """A program has failed; `lines`: all that it printed."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines[-1] if lines else "it printed nothing")
        self.lines = list(lines)


def run(
    words: Sequence[str],
    variables: Mapping[str, str],
    folder: Path,
    cancelling: Cancelling,
    on_line: Callable[[str], None] = lambda line: None,
    inherited: Sequence[int] = (),
) -> list[str]:
    """Run a program in `folder` with only these environment variables; return the lines that it printed.

    Standard error is part of the output. `inherited`: file descriptors that the program inherits, on POSIX
    only. Raises CommandError, Cancelled, OSError.
    """
    windows = sys.platform == "win32"
    process = subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables),
        cwd=folder,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        start_new_session=not windows,
        pass_fds=() if windows else inherited,
    )
    assert process.stdout is not None
    lines: list[str] = []
    arriving: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, arriving), daemon=True).start()
    try:
        while True:
            cancelling.check()
            try:
                line = arriving.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                break
            lines.append(line)
            on_line(line)
    except BaseException:
        _kill(process)
        raise
    if process.wait():
        raise CommandError(lines)
    return lines


def _read(stream: IO[bytes], arriving: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            arriving.put(line.decode("utf-8", "replace").rstrip())
    arriving.put(None)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program, and on POSIX those that it has started; on Windows uv's are short-lived."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
