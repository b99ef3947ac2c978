"""The engine as a plug-in sees it: started once, then any number of jobs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Union

from .discovery import INSTALL
from .errors import EngineError
from .events import Hello
from .job import Job
from .pixels import Pixels
from .process import Process
from .protocol import PROTOCOL, Message

__all__ = ["Engine", "Job", "Style"]

Style = Union[Pixels, str]
_TICK = 0.02
_DOCTOR = "run `nst-onnx plugin doctor`"


class Engine:
    """The worker, started from `command` (see `nst_client.find`) and kept for any number of jobs.

    `log` is called with each line of the worker's log, from another thread. `hang_seconds`: a worker that
    answers nothing for so long, though asked, is ended. `start_seconds`: how long it may take to start.
    `version`: the only one of nst-onnx that will do, None for any; `install`: what a person runs for that.
    `folder`: where the worker makes its private folder; None for the system's temporary files. It must be
    a place that both can see, which matters where the editor runs in a sandbox.

    A worker that has died can be started again; an Engine is used from one thread.
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
        install: str = INSTALL,
    ) -> None:
        self._command = [*command, *(["--folder", folder] if folder else [])]
        self._log, self._hang_seconds, self._start_seconds = log, hang_seconds, start_seconds
        self._version, self._install = version, install
        self._process: Process | None = None
        self._hello: Hello | None = None
        self._trouble: EngineError | None = None
        self._asked: float | None = None
        self._count = 0
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._answers: dict[str, queue.Queue[Message]] = {}

    # ---- starting and ending

    def launch(self) -> None:
        """Start the worker, unless it runs, without waiting for it; `ready` tells. Raises EngineError."""
        if self._process is not None and self._trouble is None:
            return
        process = Process(self._command, self._on_message, self._on_end, self._log)
        self._process, self._hello, self._trouble, self._asked = process, None, None, None
        try:
            process.start()
        except EngineError as error:
            self._process, self._trouble = None, error
            raise

    def ready(self) -> Hello | None:
        """Return the worker's hello, or None while it is starting. Never waits.

        Raises EngineError where it died, is of another version, or takes too long.
        """
        process = self._process
        if (
            process is not None
            and self._hello is None
            and time.monotonic() - process.begun > self._start_seconds
        ):
            self._fail(process, f"the engine did not start within {self._start_seconds:g} seconds", _DOCTOR)
        if self._trouble is not None:
            raise self._trouble
        return self._hello

    def start(self) -> Hello:
        """Start the worker, unless it runs, and wait until it is ready. Raises EngineError."""
        self.launch()
        while True:
            hello = self.ready()
            if hello is not None:
                return hello
            time.sleep(_TICK)

    @property
    def running(self) -> bool:
        """Whether the worker is there and ready."""
        return self._hello is not None and self._trouble is None

    @property
    def pid(self) -> int | None:
        """The worker's process number."""
        return self._process.popen.pid if self._process is not None else None

    def close(self, seconds: float = 2.0) -> None:
        """End the worker and remove its files. Waits for it to do so itself, `seconds` at most."""
        process = self._process
        if process is not None and self._trouble is None:
            jobs = self._give_way(process, EngineError("the engine was closed"))
            process.end(seconds)
            for job in jobs:
                job.fail("died", "the engine was closed", "")

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- requests

    def stylize(
        self,
        content: Pixels,
        styles: Sequence[Style],
        options: dict[str, Any] | None = None,
        *,
        model: str = "auto",
        device: str = "auto",
        quality: str | None = None,
        preview_seconds: float | None = 0.5,
        preview_longest: int = 512,
        preview_type: str = "u8",
    ) -> Job:
        """Have a picture painted. Returns at once; what happens is told by the job's events.

        `styles`: pixels, or absolute paths of files. `options`: as `nst_onnx.stylize` takes them.
        `quality`: "fast", "good", "best", or None to have options decide. `preview_seconds`: None for no
        previews. Raises EngineError where the engine is not running.
        """
        hello, process = self._hello, self._process
        if hello is None or process is None or self._trouble is not None:
            raise self._trouble or EngineError("the engine is not running", "start it first")
        name = self._new_id()
        job = Job(self, name, Path(hello.folder))
        preview = {"seconds": preview_seconds, "longest": preview_longest, "type": preview_type}
        request: Message = {
            "id": name,
            "request": "stylize",
            "content": job.file(content),
            "styles": [job.file(s) if isinstance(s, Pixels) else {"path": s} for s in styles],
            "options": options or {},
            "model": model,
            "device": device,
            "quality": quality,
            "preview": None if preview_seconds is None else preview,
        }
        with self._lock:
            self._jobs[name] = job
        if not self.running:  # it died meanwhile, perhaps too early for this job to be told
            job.fail("died", "the engine ended unexpectedly", "try again")
        process.send(lambda: job.write_files(request))
        return job

    def models(self, seconds: float = 10.0) -> list[dict[str, str]]:
        """Return the models that there are now. Raises EngineError."""
        name, answer = self._new_id(), queue.Queue[Message]()
        with self._lock:
            self._answers[name] = answer
        self.request({"id": name, "request": "models"})
        deadline = time.monotonic() + seconds
        while self._trouble is None and time.monotonic() < deadline:
            try:
                models: list[dict[str, str]] = answer.get(timeout=_TICK)["models"]
            except queue.Empty:
                continue
            return models
        raise self._trouble or EngineError("the engine does not answer", _DOCTOR)

    def request(self, message: Message) -> None:
        """Send a message as it is."""
        if self._process is not None:
            self._process.send(lambda: message)

    # ---- keeping an eye on it (called by jobs that are polled)

    def check(self) -> None:
        """Find out whether the worker still answers; end one that does not."""
        process, now = self._process, time.monotonic()
        if process is None or self._hello is None or self._trouble is not None:
            return
        if self._asked is not None and process.heard >= self._asked:
            self._asked = None
        if self._asked is None and now - process.heard > self._hang_seconds / 4:
            self._asked = now
            self.request({"id": self._new_id(), "request": "ping"})
        elif self._asked is not None and now - self._asked > self._hang_seconds:
            self.give_up(f"the engine has not answered for {self._hang_seconds:g} seconds and was ended")

    def give_up(self, message: str) -> None:
        """End a worker that hangs."""
        if self._process is not None:
            self._fail(self._process, message, f"try again; if it happens again, {_DOCTOR}", "hangs")

    def forget(self, name: str) -> None:
        """Let go of a job that is over."""
        with self._lock:
            self._jobs.pop(name, None)

    # ---- from the process's threads

    def _on_message(self, process: Process, message: Message) -> None:
        name, event = str(message.get("id")), message.get("event")
        if event == "hello":
            self._greet(process, message)
            return
        with self._lock:
            answer, job = self._answers.pop(name, None), self._jobs.get(name)
        if answer is not None and event == "models":
            answer.put(message)
        elif job is not None:
            job.take(message)
        elif event == "error" and self._hello is None:  # it could not even start
            self._fail(process, str(message.get("message")), str(message.get("hint", "")))

    def _greet(self, process: Process, message: Message) -> None:
        process.folder = folder = Path(str(message.get("folder", "nowhere")))
        version, protocol = str(message.get("version")), message.get("protocol")
        wrong = ""
        if protocol != PROTOCOL:
            wrong = f"nst-onnx {version} speaks protocol {protocol}, this plug-in speaks {PROTOCOL}"
        elif self._version not in (None, version):
            wrong = f"this plug-in is that of nst-onnx {self._version}, but {version} is installed now"
        if wrong:
            self._fail(process, wrong, f"in a terminal, run: {self._install} (then restart the editor)")
            return
        if not folder.is_dir():
            self._fail(
                process,
                f"the engine's folder {folder} cannot be seen from here",
                f"an editor in a sandbox needs one that both can see; {_DOCTOR}",
            )
            return
        self._hello = Hello(
            version,
            str(message.get("python")),
            message.get("models", []),
            message.get("devices", []),
            message.get("presets", []),
            message.get("qualities", {}),
            str(folder),
        )

    def _on_end(self, process: Process) -> None:
        what = "the engine could not start" if self._hello is None else "the engine ended unexpectedly"
        code = process.popen.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        self._fail(process, f"{what} ({how})", f"try again; if it happens again, {_DOCTOR}")

    def _fail(self, process: Process, message: str, hint: str, code: str = "died") -> None:
        """End the worker, and tell all who wait for it."""
        log = process.log
        jobs = self._give_way(process, EngineError(message, hint, log))
        process.kill()
        for job in jobs:
            job.fail(code, message, hint, log)

    def _give_way(self, process: Process, trouble: EngineError) -> list[Job]:
        """Note what is wrong, unless it is known already, and return the jobs that must be told."""
        with self._lock:
            if self._trouble is not None or process is not self._process:
                return []
            self._trouble = trouble
            jobs = list(self._jobs.values())
            self._jobs.clear()
            return jobs

    def _new_id(self) -> str:
        with self._lock:
            self._count += 1
            return str(self._count)
