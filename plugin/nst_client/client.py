"""Client of the worker process: starts it once and sends any number of jobs."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Callable, Union

from .choices import EngineRequest
from .connection import Connection, Expectations
from .discovery import INSTALL
from .errors import EngineError
from .events import Hello
from .job import Job
from .pixels import Pixels, without_pixels
from .protocol import Message
from .remedies import Remedies, in_a_terminal

__all__ = ["Engine", "Job", "Style"]

Style = Union[Pixels, str]
_POLL_SECONDS = 0.02


class Engine:
    """The worker, started from `command` (see `nst_client.find`), for any number of jobs; not thread-safe.

    `log` is called with each line of the worker's log, from another thread. `hang_seconds`: a worker that
    does not answer a ping for so long is killed. `start_seconds`: the limit for its start. `version`: the
    required version of nst-onnx, None for any; `remedies`: the hints of errors. `folder`: the
    parent of the worker's private folder, None for the system's temporary files; a sandboxed editor needs
    one with the same path inside and outside of the sandbox.

    A worker that has died can be started again.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Callable[[str], None] | None = None,
        hang_seconds: float = 60.0,
        start_seconds: float = 60.0,
        folder: str | None = None,
        version: str | None = None,
        remedies: Remedies | None = None,
    ) -> None:
        self._command = [*command, *(["--folder", folder] if folder else [])]
        self._expected = Expectations(
            hang_seconds, start_seconds, version, remedies or in_a_terminal(INSTALL)
        )
        self._log = log
        self._connection: Connection | None = None
        self._start_error = EngineError("the engine is not running", "start it first")

    # ---- starting and ending

    def launch(self) -> None:
        """Start the worker, unless it runs, and return at once; see `ready`. Raises EngineError."""
        if self._connection is not None and not self._connection.failed:
            return
        self._connection = None
        try:
            self._connection = Connection(self._command, self._expected, self._log)
        except EngineError as error:
            self._start_error = error
            raise

    def ready(self) -> Hello | None:
        """Return the worker's hello, or None while it is starting. Never blocks.

        Raises EngineError where it died, has another version, exceeds `start_seconds`, or was not started.
        """
        return self._connected().ready()

    def start(self) -> Hello:
        """Start the worker, unless it runs, and block until it is ready. Raises EngineError."""
        self.launch()
        while True:
            hello = self.ready()
            if hello is not None:
                return hello
            time.sleep(_POLL_SECONDS)

    @property
    def running(self) -> bool:
        """Whether the worker runs and is ready."""
        return self._connection is not None and self._connection.usable

    @property
    def pid(self) -> int | None:
        """The worker's process identifier."""
        return None if self._connection is None else self._connection.process.popen.pid

    def close(self, seconds: float = 2.0) -> None:
        """Shut the worker down and remove its files; kill it after `seconds`."""
        if self._connection is not None:
            self._connection.close(seconds)

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- requests

    def stylize(
        self,
        content: Style,
        styles: Sequence[Style],
        options: Mapping[str, object] | None = None,
        *,
        model: str = "auto",
        device: str = "auto",
        quality: str | None = None,
        preview_seconds: float | None = 0.5,
        preview_longest: int = 512,
    ) -> Job:
        """Start a job and return it at once; its events report progress, previews and the result.

        `content`, `styles`: pixels, or absolute paths of files. `options`: those of `nst_onnx.stylize`;
        pictures among them may be pixels (for regions see `nst_client.painted_region`). `quality`: one of the
        hello's `qualities`, or None for the options alone. `preview_seconds`: interval of the previews, None
        for none. Raises EngineError where the worker is not running.
        """
        preview = {"seconds": preview_seconds, "longest": preview_longest, "type": "u8"}
        return self._begin(
            "stylize",
            content=_style(content),
            styles=[*map(_style, styles)],
            options=options or {},
            model=model,
            device=device,
            quality=quality,
            preview=None if preview_seconds is None else preview,
        )

    def texture(
        self,
        styles: Sequence[Style],
        options: Mapping[str, object] | None = None,
        *,
        seamless: bool = False,
        model: str = "auto",
        device: str = "auto",
        preview_longest: int | None = 512,
    ) -> Job:
        """Start a texture like `styles`, without a photo, and return its job; else as `stylize`.

        `preview_longest`: None for no previews.
        """
        preview = {"seconds": 0.3, "longest": preview_longest, "type": "u8"}
        return self._begin(
            "texture",
            styles=[*map(_style, styles)],
            options=options or {},
            seamless=seamless,
            model=model,
            device=device,
            preview=None if preview_longest is None else preview,
        )

    def _begin(self, kind: str, **fields: object) -> Job:
        connection = self._connected()
        hello = connection.ready()
        if hello is None:
            raise EngineError("the engine is not running", "start it first")
        name = connection.new_id()
        job = Job(connection, name, Path(hello.folder))
        described = {field: job.described(value) for field, value in fields.items()}
        request: Message = {"id": name, "request": kind, **described}
        connection.add_job(name, job)
        connection.process.send(lambda: job.write_files(request))
        return job

    def forecast(self, width: int, height: int, request: EngineRequest) -> queue.Queue[Message]:
        """Ask how long painting `width` × `height` pixels would take; the queue receives the answer.

        Its "seconds" are None for one pass, and missing in an error. Raises EngineError.
        """
        connection = self._connected()
        name = connection.new_id()
        answer = connection.expect_answer(name)
        connection.request(
            {
                "id": name,
                "request": "forecast",
                "content": {"width": width, "height": height},
                **{field: value for field, value in request.items() if field not in ("styles", "options")},
                "options": without_pixels(request["options"]),
            }
        )
        return answer

    def models(self, seconds: float = 10.0) -> list[dict[str, str]]:
        """Return the installed models. Raises EngineError."""
        connection = self._connected()
        name = connection.new_id()
        answer = connection.expect_answer(name)
        connection.request({"id": name, "request": "models"})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            connection.ready()  # raises where the worker has died
            try:
                message = answer.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if "models" not in message:
                raise EngineError(str(message.get("message")), str(message.get("hint", "")))
            models: list[dict[str, str]] = message["models"]
            return models
        raise EngineError("the engine does not answer", self._expected.remedies.examine)

    def _connected(self) -> Connection:
        """Return the connection of the last `launch`. Raises EngineError where there is none."""
        if self._connection is None:
            raise self._start_error
        return self._connection


def _style(picture: Style) -> Pixels | Message:
    """Return a picture of a request."""
    return picture if isinstance(picture, Pixels) else {"path": picture}
