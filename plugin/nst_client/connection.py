"""One run of the worker: its hello, the jobs and answers that wait for its messages, and its supervision."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .errors import EngineError
from .events import Hello
from .job import Job
from .process import Process
from .protocol import DIED, PROTOCOL, Message
from .remedies import Remedies


@dataclass(frozen=True)
class Expectations:
    """What is required of the worker; see `nst_client.Engine`."""

    hang_seconds: float
    start_seconds: float
    version: str | None
    remedies: Remedies


class Connection:
    """A worker from its start to its end. Its first failure is stored, and raised by `ready`.

    Raises EngineError where the process does not start.
    """

    def __init__(
        self, command: Sequence[str], expected: Expectations, log: Callable[[str], None] | None
    ) -> None:
        self._expected = expected
        self._hello: Hello | None = None
        self._error: EngineError | None = None
        self._pinged_at: float | None = None
        self._count = 0
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._answers: dict[str, queue.Queue[Message]] = {}
        self.process = Process([*command], self._on_message, self._on_end, log)
        self.process.start()

    @property
    def failed(self) -> bool:
        """Whether the worker has died, was killed, or was closed."""
        return self._error is not None

    @property
    def usable(self) -> bool:
        """Whether the worker has sent its hello and not failed since."""
        return self._hello is not None and self._error is None

    def ready(self) -> Hello | None:
        """Return the hello, or None while the worker is starting. Never blocks.

        Raises EngineError where it failed, has another version, or exceeds `start_seconds`.
        """
        limit = self._expected.start_seconds
        if self._hello is None and time.monotonic() - self.process.started_at > limit:
            self._fail(f"the engine did not start within {limit:g} seconds", self._expected.remedies.examine)
        if self._error is not None:
            raise self._error
        return self._hello

    def close(self, seconds: float) -> None:
        """Shut the worker down and remove its files; kill it after `seconds`."""
        if self._error is None:
            jobs = self._detach_jobs(EngineError("the engine was closed"))
            self.process.end(seconds)
            for job in jobs:
                job.fail(DIED, "the engine was closed", "")

    # ---- requests

    def new_id(self) -> str:
        """Return an identifier for a request."""
        with self._lock:
            self._count += 1
            return str(self._count)

    def request(self, message: Message) -> None:
        """Send a message."""
        self.process.send(lambda: message)

    def expect_answer(self, name: str) -> queue.Queue[Message]:
        """Return a queue that receives the answer to the request `name`; an error where the worker ends."""
        answer: queue.Queue[Message] = queue.Queue()
        with self._lock:
            if self._error is None:
                self._answers[name] = answer
            else:
                answer.put(_ended(self._error))
        return answer

    def add_job(self, name: str, job: Job) -> None:
        """Send the events of `name` to a job; it fails at once where the worker has died."""
        with self._lock:
            self._jobs[name] = job
        if self.failed:  # perhaps before the job was registered
            job.fail(DIED, "the engine ended unexpectedly", "try again")

    def remove_job(self, name: str) -> None:
        """Send no more events to a job that has ended."""
        with self._lock:
            self._jobs.pop(name, None)

    # ---- supervision (called by jobs that are polled)

    def check(self) -> None:
        """Ping a silent worker; kill it where it does not answer within `hang_seconds`."""
        now, limit = time.monotonic(), self._expected.hang_seconds
        if self._hello is None or self._error is not None:
            return
        if self._pinged_at is not None and self.process.last_message_at >= self._pinged_at:
            self._pinged_at = None
        if self._pinged_at is None and now - self.process.last_message_at > limit / 4:
            self._pinged_at = now
            self.request({"id": self.new_id(), "request": "ping"})
        elif self._pinged_at is not None and now - self._pinged_at > limit:
            self.abort(f"the engine has not answered for {limit:g} seconds and was ended")

    def abort(self, message: str) -> None:
        """Kill a hanging worker; its jobs fail with `message`."""
        self._fail(message, f"try again; if it happens again, {self._expected.remedies.examine}", "hangs")

    # ---- callbacks from the process's threads

    def _on_message(self, message: Message) -> None:
        name, event = str(message.get("id")), message.get("event")
        if event == "hello":
            self._on_hello(message)
            return
        with self._lock:
            answer, job = self._answers.pop(name, None), self._jobs.get(name)
        if answer is not None and event in ("models", "forecast", "error"):
            answer.put(message)
        elif job is not None:
            job.receive(message)
        elif event == "error" and self._hello is None:  # the start failed
            self._fail(str(message.get("message")), str(message.get("hint", "")))

    def _on_hello(self, message: Message) -> None:
        self.process.folder = folder = Path(str(message.get("folder", "nowhere")))
        version, protocol, expected = str(message.get("version")), message.get("protocol"), self._expected
        wrong = ""
        if protocol != PROTOCOL:
            wrong = f"nst-onnx {version} uses protocol {protocol}, this plug-in {PROTOCOL}"
        elif expected.version not in (None, version):
            wrong = f"this plug-in is that of nst-onnx {expected.version}, but {version} is installed now"
        if wrong:
            self._fail(wrong, expected.remedies.install)
        elif not folder.is_dir():
            self._fail(
                f"the engine's folder {folder} cannot be seen from here",
                f"an editor in a sandbox needs one that both can see; {expected.remedies.examine}",
            )
        else:
            self._hello = Hello.of(message)

    def _on_end(self) -> None:
        what = "the engine could not start" if self._hello is None else "the engine ended unexpectedly"
        code = self.process.popen.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        self._fail(f"{what} ({how})", f"try again; if it happens again, {self._expected.remedies.examine}")

    def _fail(self, message: str, hint: str, code: str = DIED) -> None:
        """Kill the worker and fail its jobs."""
        log = self.process.log
        jobs = self._detach_jobs(EngineError(message, hint, log))
        self.process.kill()
        for job in jobs:
            job.fail(code, message, hint, log)

    def _detach_jobs(self, error: EngineError) -> list[Job]:
        """Store the worker's first error, which answers what was asked, and return its unfinished jobs.

        The caller fails these.
        """
        with self._lock:
            if self._error is not None:
                return []
            self._error = error
            jobs = list(self._jobs.values())
            self._jobs.clear()
            for answer in self._answers.values():
                answer.put(_ended(error))
            self._answers.clear()
            return jobs


def _ended(error: EngineError) -> Message:
    """Return the answer to a request that the worker has not answered before its end."""
    return {"event": "error", "code": DIED, "message": str(error), "hint": error.hint}
