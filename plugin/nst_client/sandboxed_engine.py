"""The engine beside an editor: found, started, and ended with the plug-in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from .client import Engine
from .discovery import SANDBOX, find
from .errors import EngineError
from .events import Hello
from .failure import Failure
from .job import Job
from .pixels import Pixels


class NeuralEngine:
    """nst-onnx in the Python it was installed in; a context in which it runs. Never waits, except `wait`.

    `folder`: the plug-in's; `flatpak`: the editor's name at Flathub. Raises Failure where the engine is not
    there, or does not start.
    """

    def __init__(self, folder: Path, flatpak: str) -> None:
        self._flatpak = flatpak
        try:
            found = find(folder)
            command, shared = found.command, None
            if SANDBOX.exists():  # the engine's Python is the computer's own, so it runs outside
                if not shutil.which("flatpak-spawn"):
                    raise EngineError("this Flatpak cannot start programs of the computer", self._permission)
                command = ["flatpak-spawn", "--host", "--watch-bus", *command]
                shared = _shared(flatpak)
            self._engine = Engine(command, folder=shared, version=found.version, install=found.install)
            self._engine.launch()
        except EngineError as error:
            raise self._failure(error) from error

    def __enter__(self) -> NeuralEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._engine.close()

    def launch(self) -> None:
        """Start it again, where it has died."""
        try:
            self._engine.launch()
        except EngineError as error:
            raise self._failure(error) from error

    def ready(self) -> Hello | None:
        """Return what the engine has, or None while it is starting."""
        try:
            return self._engine.ready()
        except EngineError as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Wait until it is ready."""
        try:
            self._engine.start()
        except EngineError as error:
            raise self._failure(error) from error

    def paint(self, content: Pixels, request: dict[str, Any], *, preview: int | None = None) -> Job:
        """Begin to paint; `preview`: longest side of the previews, None for none."""
        seconds = None if preview is None else 0.3
        try:
            return self._engine.stylize(
                content, preview_seconds=seconds, preview_longest=preview or 1, **request
            )
        except EngineError as error:
            raise self._failure(error) from error

    @property
    def _permission(self) -> str:
        return f"run: flatpak override --user --talk-name=org.freedesktop.Flatpak {self._flatpak}"

    def _failure(self, error: EngineError) -> Failure:
        forbidden = SANDBOX.exists() and "org.freedesktop.Flatpak" in error.log
        hint = self._permission if forbidden else error.hint
        if os.environ.get("NST_ONNX_DEBUG") and error.log:
            hint += f"\n{error.log}"
        return Failure(str(error), hint)


def _shared(flatpak: str) -> str:
    """Return a folder that both sides of Flatpak's sandbox see under the same name."""
    folder = Path.home() / ".var/app" / flatpak / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
