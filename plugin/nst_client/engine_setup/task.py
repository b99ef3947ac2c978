"""A set-up in a thread of its own, followed by an interface from a timer."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path
from typing import Callable

from ..failure import Cancelled, Failure
from ..translation import _
from . import engines
from .cancelling import Cancelling
from .folders import Folders
from .installation import Choices, Installation
from .lock import locked
from .parts import Parts
from .space import disk_failure


class SetupTask:
    """Work in a thread. `fraction`: the completed part, 0..1; `text`: what is being done."""

    def __init__(self, work: Callable[[SetupTask], None]) -> None:
        self.fraction, self.text = 0.0, ""
        self.cancelling = Cancelling()
        self._failure: Exception | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, args=(work,), name="nst-onnx set-up", daemon=True).start()

    def update(self) -> bool:
        """Return whether the work goes on. Never blocks. Raises Failure, Cancelled, once it has ended so."""
        if not self._ended.is_set():
            return True
        if self._failure is not None:
            raise self._failure
        return False

    def cancel(self) -> None:
        """Ask for an end; `update` raises Cancelled when it is reached."""
        self.cancelling.wish()

    def wait(self, seconds: float | None = None) -> bool:
        """Block until the end; return whether it was reached. For scripts; an interface calls `update`."""
        return self._ended.wait(seconds)

    def report(self, fraction: float, text: str) -> None:
        """Set the progress."""
        self.fraction, self.text = fraction, text

    def _run(self, work: Callable[[SetupTask], None]) -> None:
        try:
            work(self)
        except (Failure, Cancelled) as failure:
            self._failure = failure
        except Exception as error:
            traceback.print_exc()
            self._failure = Failure(
                f"{_('This is a bug in the plug-in:')} {type(error).__name__}: {error}", _("report this")
            )
        self._ended.set()


def set_up(plug_in: Path, parts: Parts, folders: Folders, choices: Choices) -> SetupTask:
    """Start setting up the engine for the plug-in in the folder `plug_in`."""

    def work(task: SetupTask) -> None:
        Installation(plug_in, parts, folders, choices, task.report, task.cancelling).run()

    return SetupTask(work)


def remove(folders: Folders) -> SetupTask:
    """Start removing the engines, of all editors."""

    def work(task: SetupTask) -> None:
        task.report(0.5, _("Removing the engine…"))
        with locked(folders.root):
            try:
                engines.remove_all(folders)
            except OSError as error:
                raise disk_failure(error, folders.root) from error
        task.report(1.0, _("The engine is removed"))

    return SetupTask(work)
