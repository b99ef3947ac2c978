"""Worker service: sends the hello, answers requests, and removes all its files at its end."""

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
from nst_onnx.editors.worker.channel import Channel
from nst_onnx.editors.worker.folder import Folder
from nst_onnx.editors.worker.protocol import PROTOCOL, Message, ProtocolError, error_event
from nst_onnx.editors.worker.stale_folders import remove_stale
from nst_onnx.errors import NstError
from nst_onnx.version import __version__

if TYPE_CHECKING:
    from nst_onnx.editors.worker.forecast import Forecast
    from nst_onnx.editors.worker.job import Job
    from nst_onnx.editors.worker.model_cache import ModelCache

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
_FLUSH_SECONDS = 0.5  # time for the client to read pending events before the process exits


class Service:
    """Reads requests in the main thread and computes in another, so that requests are answered at once."""

    def __init__(self, channel: Channel, folder: str | None = None) -> None:
        """`folder`: where to make the private folder, None for where temporary files go."""
        self._channel, self._where = channel, folder
        self._folder: Folder | None = None
        self._ending = threading.Lock()
        self._job: Job | None = None

    def run(self) -> NoReturn:
        """Serve until the input ends, the parent dies, or a signal or a `shutdown` arrives."""
        code = 1
        try:
            self._guard()
            self._folder = Folder(self._where)
            remove_stale(self._folder.path.parent)
            self._begin()
            for message in self._channel.messages():
                self._answer(message)
            code = 0
        except ImportError as error:
            missing = NstError(f"nst-onnx is not installed completely ({error})", "install it again with pip")
            self._channel.send(error_event(missing))
        except Exception as error:
            if not isinstance(error, NstError):
                with contextlib.suppress(OSError):
                    traceback.print_exc()
            self._channel.send(error_event(error))
        finally:
            self.end(code)

    def end(self, code: int) -> NoReturn:
        """Exit now, also in the middle of an evaluation, after removing the private folder."""
        if not self._ending.acquire(blocking=False):
            threading.Event().wait()  # another thread is exiting
        try:
            self._channel.flush(_FLUSH_SECONDS)
            if self._folder is not None:
                self._folder.remove_all()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _guard(self) -> None:
        """Install handlers that end the service cleanly at signals and at the parent's death."""
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        parent.watch(lambda: self.end(0))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._ending.locked():
            self.end(128 + number)

    def _begin(self) -> None:
        """Import what painting needs, start the computing thread, and send the hello."""
        from nst_onnx import runtime
        from nst_onnx.editors.worker.forecast import Forecast
        from nst_onnx.editors.worker.job import Job
        from nst_onnx.editors.worker.model_cache import ModelCache
        from nst_onnx.editors.worker.texture_job import TextureJob
        from nst_onnx.feedforward import gallery
        from nst_onnx.painting import presets
        from nst_onnx.painting.options import Options
        from nst_onnx.painting.quality import budgets

        assert self._folder is not None
        self._new_forecast = Forecast
        self._new_job: dict[str, type[Job]] = {"stylize": Job, "texture": TextureJob}
        self._jobs: queue.SimpleQueue[Job | Forecast] = queue.SimpleQueue()
        devices, learned = runtime.available(), gallery.files()
        hello = {
            "event": "hello",
            "protocol": PROTOCOL,
            "version": __version__,
            "python": platform.python_version(),
            "models": _models(),
            "devices": devices,
            "styles": list(learned),
            "style_files": {name: str(path) for name, path in learned.items()},
            "presets": list(presets.PRESETS),
            "qualities": {name: budget._asdict() for name, budget in budgets(devices[0]).items()},
            "options": {name: option.schema() for name, option in Options.table().items()},
            "folder": str(self._folder.path),
        }
        threading.Thread(target=self._compute, args=(ModelCache(),), name="computing", daemon=True).start()
        self._channel.send(hello)

    # ---- requests

    def _answer(self, message: Message | ProtocolError) -> None:
        if isinstance(message, ProtocolError):
            self._channel.send(error_event(message, message.id))
            return
        answers = {
            "stylize": self._paint,
            "texture": self._paint,
            "cancel": self._cancel,
            "models": self._list_models,
            "forecast": self._forecast,
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

    def _paint(self, message: Message) -> None:
        assert self._folder is not None
        job = self._new_job[message["request"]](message, self._folder, self._channel)
        if self._job is not None and not self._job.over:
            job.refuse("busy", "another picture is being painted", "cancel it first")
            return
        self._job = job
        self._channel.send({"id": message["id"], "event": "accepted"})
        self._jobs.put(self._job)

    def _cancel(self, message: Message) -> None:
        job = self._job
        if job is None or job.over or message.get("of") != job.id:
            return  # it has ended meanwhile
        if message.get("keep") is True:
            job.stop_and_keep()
        else:
            job.cancel()

    def _list_models(self, message: Message) -> None:
        self._channel.send({"id": message["id"], "event": "models", "models": _models()})

    def _forecast(self, message: Message) -> None:
        self._jobs.put(self._new_forecast(message, self._channel))

    def _ping(self, message: Message) -> None:
        self._channel.send({"id": message["id"], "event": "pong"})

    def _shutdown(self, message: Message) -> None:
        self.end(0)

    # ---- computing

    def _compute(self, models: ModelCache) -> NoReturn:
        while True:
            self._jobs.get().run(models)


def _models() -> list[Message]:
    """Return the installed models, for the hello and for `models`."""
    from nst_onnx.models import catalogue

    return [{"name": entry.name, "origin": entry.origin} for entry in catalogue.installed()]
