"""A worker started the way an editor starts it, and spoken to line by line: what tests need of it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PATIENCE = 60.0
"""Seconds that any wait may take on a busy machine before the test fails."""

COMMAND = [sys.executable, "-m", "nst_onnx.worker"]


class Worker:
    """The process, its events as they come, and its private folder."""

    def __init__(self, *arguments: str, command: list[str] | None = None, **environment: str) -> None:
        self.process = subprocess.Popen(
            [*(command or COMMAND), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._count = 0
        threading.Thread(target=self._read, daemon=True).start()
        self._log: list[bytes] = []
        self._logging = threading.Thread(target=self._read_log, daemon=True)
        self._logging.start()
        self.hello = self.event()
        self.folder = Path(self.hello.get("folder", "nowhere"))

    def send(self, request: str, **fields: Any) -> str:
        """Send a request and return its id."""
        self._count += 1
        name = f"request {self._count}"
        self.send_line(json.dumps({"id": name, "request": request, **fields}).encode())
        return name

    def send_line(self, line: bytes) -> None:
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def event(self) -> dict[str, Any]:
        """Return the next event; {} at the end of output."""
        return self._events.get(timeout=PATIENCE) or {}

    def until(self, *kinds: str, id: str | None = None) -> list[dict[str, Any]]:
        """Return the events up to one of a kind (and of a request)."""
        events = [self.event()]
        while events[-1].get("event") not in kinds or (id is not None and events[-1].get("id") != id):
            assert events[-1], f"the output ended: {events[:-1]} {self.log()}"
            events.append(self.event())
        return events

    def last_of(self, id: str) -> dict[str, Any]:
        """Return the event that ends a job."""
        return self.until("done", "error", "cancelled", id=id)[-1]

    def put(self, name: str, samples: npt.NDArray[Any]) -> dict[str, Any]:
        """Write a picture H×W×C into the folder and return its description."""
        (self.folder / name).write_bytes(np.ascontiguousarray(samples).tobytes())
        return describe(name, samples)

    def get(self, picture: dict[str, Any]) -> npt.NDArray[Any]:
        """Read a picture and remove its file, as a client does."""
        path = self.folder / picture["file"]
        dtype = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}[picture["type"]]
        samples = np.frombuffer(path.read_bytes(), dtype)
        path.unlink()
        return samples.reshape(picture["height"], picture["width"], picture["channels"])

    def stylize(self, content: Any = None, style: Any = None, **fields: Any) -> str:
        """Ask for a picture, tiny and quick unless told otherwise."""
        content = self.put("content", picture(20, 24, 1)) if content is None else content
        style = self.put("style", picture(18, 18, 2)) if style is None else style
        fields.setdefault("options", {"size": 24, "steps": 3})
        return self.send("stylize", content=content, styles=[style], **fields)

    def log(self) -> str:
        return b"".join(self._log).decode("utf-8", "replace")

    def ended(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(PATIENCE)
        self._logging.join(PATIENCE)
        return code

    def close(self) -> None:
        self.process.stdin.close()
        self.ended()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self._log.append(line)


def describe(name: str, samples: npt.NDArray[Any]) -> dict[str, Any]:
    height, width, channels = samples.shape
    kind = {"uint8": "u8", "uint16": "u16", "float32": "f32"}[samples.dtype.name]
    return {
        "file": name,
        "width": width,
        "height": height,
        "channels": channels,
        "type": kind,
        "space": "srgb",
    }


def picture(height: int, width: int, seed: int, channels: int = 3, kind: str = "u8") -> npt.NDArray[Any]:
    """Return a picture of soft waves, H×W×C."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(rng.uniform(4, 20) * x + rng.uniform(4, 20) * y) for _ in range(channels)]
    values = 0.5 + 0.5 * np.dstack(waves)
    if kind == "f32":
        return values.astype(np.float32)
    dtype, largest = {"u8": (np.uint8, 255), "u16": (np.uint16, 65535)}[kind]
    return np.rint(values * largest).astype(dtype)


def wait_until(true: Any, seconds: float = PATIENCE) -> None:
    """Wait until `true()` is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
