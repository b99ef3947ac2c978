"""The worker's life: hello, requests one after another, and an end that leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import platform
import queue
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from nst_onnx.editors.worker import parent
from nst_onnx.editors.worker.abandoned import remove_abandoned
from nst_onnx.editors.worker.channel import Channel
from nst_onnx.editors.worker.folder import Folder
from nst_onnx.editors.worker.protocol import PROTOCOL, Message, ProtocolError, error_event
from nst_onnx.errors import NstError
from nst_onnx.version import __version__

if TYPE_CHECKING:
    from nst_onnx.editors.worker.job import Job
    from nst_onnx.editors.worker.model_cache import Warm

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
_LAST_WORDS = 0.5  # seconds that the client has to read what was sent before the end


class Service:
    """Reads requests in the main thread and computes in another, so that it always answers at once."""

    def __init__(self, channel: Channel, folder: str | None = None) -> None:
        """`folder`: where to make the private folder, None for where temporary files go."""
        self._channel, self._where = channel, folder
        self._folder: Folder | None = None
        self._ending = threading.Lock()
        self._job: Job | None = None

    def run(self) -> NoReturn:
        """Serve until the input ends, the parent dies, or a signal or a request says so."""
        code = 1
        try:
            self._guard()
            self._folder = Folder(self._where)
            remove_abandoned(self._folder.path.parent)
            self._begin()
            for message in self._channel.messages():
                self._answer(message)
            code = 0
        except ImportError as error:
            told = NstError(f"nst-onnx is not installed completely ({error})", "install it again with pip")
            self._channel.send(error_event(told))
        except Exception as error:
            if not isinstance(error, NstError):
                with contextlib.suppress(OSError):
                    traceback.print_exc()
            self._channel.send(error_event(error))
        finally:
            self.end(code)

    def end(self, code: int) -> NoReturn:
        """End the process now, also in the middle of an evaluation, without leaving files."""
        if not self._ending.acquire(blocking=False):
            threading.Event().wait()  # another thread is at it
        try:
            self._channel.flush(_LAST_WORDS)
            if self._folder is not None:
                self._folder.remove_all()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _guard(self) -> None:
        """See to it that neither a signal nor the parent's death leaves anything behind."""
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        parent.watch(lambda: self.end(0))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._ending.locked():
            self.end(128 + number)

    def _begin(self) -> None:
        """Load all that painting needs, say hello, and stand ready."""
        from nst_onnx import runtime
        from nst_onnx.editors.worker.job import Job
        from nst_onnx.editors.worker.model_cache import Warm
        from nst_onnx.painting import presets
        from nst_onnx.painting.quality import budgets

        assert self._folder is not None
        self._new_job = Job
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        devices = runtime.available()
        hello = {
            "event": "hello",
            "protocol": PROTOCOL,
            "version": __version__,
            "python": platform.python_version(),
            "models": _models(),
            "devices": devices,
            "presets": list(presets.PRESETS),
            "qualities": {name: budget._asdict() for name, budget in budgets(devices[0]).items()},
            "folder": str(self._folder.path),
        }
        threading.Thread(target=self._compute, args=(Warm(),), name="computing", daemon=True).start()
        self._channel.send(hello)

    # ---- requests

    def _answer(self, message: Message | ProtocolError) -> None:
        if isinstance(message, ProtocolError):
            self._channel.send(error_event(message, message.id))
            return
        answers = {
            "stylize": self._stylize,
            "cancel": self._cancel,
            "models": self._list_models,
            "ping": self._ping,
            "shutdown": self._shutdown,
        }
        answer = answers.get(message["request"])
        try:
            if answer is None:
                raise ProtocolError(f"there is no request {message['request'][:100]!r}")
            answer(message)
        except NstError as error:
            self._channel.send(error_event(error, message["id"]))

    def _stylize(self, message: Message) -> None:
        assert self._folder is not None
        job = self._new_job(message, self._folder, self._channel)
        if self._job is not None and not self._job.over:
            job.refuse("busy", "another picture is being painted", "cancel it first")
            return
        self._job = job
        self._channel.send({"id": message["id"], "event": "accepted"})
        self._jobs.put(self._job)

    def _cancel(self, message: Message) -> None:
        job = self._job
        if job is None or job.over or message.get("of") != job.id:
            return  # it has come to its own end meanwhile
        if message.get("keep") is True:
            job.stop_and_keep()
        else:
            job.cancel()

    def _list_models(self, message: Message) -> None:
        self._channel.send({"id": message["id"], "event": "models", "models": _models()})

    def _ping(self, message: Message) -> None:
        self._channel.send({"id": message["id"], "event": "pong"})

    def _shutdown(self, message: Message) -> None:
        self.end(0)

    # ---- computing

    def _compute(self, warm: Warm) -> NoReturn:
        while True:
            self._jobs.get().run(warm)


def _models() -> list[Message]:
    """Return what models there are by name; "auto" works as well, and so does a file."""
    from nst_onnx.models import catalogue

    return [{"name": entry.name, "origin": entry.origin} for entry in catalogue.installed()]
