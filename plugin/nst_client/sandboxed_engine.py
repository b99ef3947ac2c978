"""The engine of an installed plug-in, started outside of the editor's Flatpak sandbox where there is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from queue import Queue

from .choices import EngineRequest
from .client import Engine, Style
from .discovery import SANDBOX, find
from .errors import EngineError
from .events import Hello
from .failure import Failure
from .job import Job
from .protocol import Message


class NeuralEngine:
    """The worker of the nst-onnx that installed the plug-in, as a context manager.

    Only `wait` and `close` block. `folder`: the plug-in's; `flatpak`: the editor's identifier at Flathub.
    Its attribute `folder`: for files that the engine must see; None for the system's temporary ones. Raises
    Failure where the engine is missing or does not start.
    """

    def __init__(self, folder: Path, flatpak: str) -> None:
        self._flatpak = flatpak
        self.folder: str | None = None
        try:
            found = find(folder)
            command = found.command
            if SANDBOX.exists() and not found.inside:  # the engine needs the host's Python
                if not shutil.which("flatpak-spawn"):
                    raise EngineError("this Flatpak cannot start programs of the computer", self._permission)
                command = ["flatpak-spawn", "--host", "--watch-bus", *command]
                self.folder = _shared_folder(flatpak)
            self._engine = Engine(command, folder=self.folder, version=found.version, remedies=found.remedies)
            self._engine.launch()
        except EngineError as error:
            raise self._failure(error) from error

    def __enter__(self) -> NeuralEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Shut the worker down."""
        self._engine.close()

    def launch(self) -> None:
        """Start the worker again where it has died."""
        try:
            self._engine.launch()
        except EngineError as error:
            raise self._failure(error) from error

    def ready(self) -> Hello | None:
        """Return the worker's hello, or None while it is starting."""
        try:
            return self._engine.ready()
        except EngineError as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Block until the worker is ready."""
        try:
            self._engine.start()
        except EngineError as error:
            raise self._failure(error) from error

    def paint(self, content: Style, request: EngineRequest, *, preview: int | None = None) -> Job:
        """Start a job. `content`: pixels, or a file. `preview`: longest side of previews, None for none."""
        seconds = None if preview is None else 0.3
        try:
            return self._engine.stylize(
                content, preview_seconds=seconds, preview_longest=preview or 1, **request
            )
        except EngineError as error:
            raise self._failure(error) from error

    def texture(
        self,
        styles: list[str],
        options: dict[str, object],
        *,
        seamless: bool,
        preview: int | None,
        model: str,
        device: str,
    ) -> Job:
        """Start a texture; see `Engine.texture`."""
        try:
            return self._engine.texture(
                styles, options, seamless=seamless, model=model, device=device, preview_longest=preview
            )
        except EngineError as error:
            raise self._failure(error) from error

    def forecast(self, width: int, height: int, request: EngineRequest) -> Queue[Message]:
        """Ask how long a painting would take; see `Engine.forecast`."""
        try:
            return self._engine.forecast(width, height, request)
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


def _shared_folder(flatpak: str) -> str:
    """Return a folder that has the same path inside and outside of Flatpak's sandbox."""
    folder = Path.home() / ".var/app" / flatpak / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
