"""The set-up as a window shows it: texts, buttons, progress and messages, the same in every editor."""

from __future__ import annotations

from pathlib import Path

from ..failure import Cancelled, Failure
from ..translation import _
from . import computer, engines, task
from .folders import Folders
from .installation import Choices, megabytes
from .parts import Parts
from .source import Source
from .space import UNPACKED
from .state import MISSING, READY, state

_END_SECONDS = 5.0
"""How long `end` blocks; a request to a silent server may take longer, but then no program runs."""


class SetupSession:
    """The set-up of the engine of the plug-in in the folder `plug_in`. Nothing here blocks.

    `message`: what has gone wrong, or how a removal ended; "" for nothing. `succeeded`: whether an engine was
    set up.
    """

    def __init__(self, plug_in: Path, parts: Parts, folders: Folders) -> None:
        self._plug_in, self._parts, self._folders = plug_in, parts, folders
        self._task: task.SetupTask | None = None
        self._removing = False
        self.message = ""
        self.succeeded = False
        self.look()

    def look(self) -> None:
        """Look again at which engine is there."""
        self.state = state(self._plug_in, self._folders)
        self._engine = engines.used_by(self._folders, self._plug_in)

    # ---- what the window shows

    @property
    def explanation(self) -> str:
        """What there is, and what a set-up would do."""
        try:
            size = megabytes(self._parts, False)
        except Failure as failure:
            return str(failure)
        place = self._folders.shown
        if self.state == READY and self._engine is not None:
            with_openvino = _(" with OpenVINO") if self._engine.openvino else ""
            return _("The engine of nst-onnx {version}{openvino} is set up in {folder}.").format(
                version=self._engine.version, openvino=with_openvino, folder=place
            )
        if self.state == READY:
            return _("The engine was installed in a terminal; it can be set up here instead.")
        text = (
            _("Neural Style paints with an engine, which is not here yet.")
            if self.state == MISSING
            else _("This Neural Style needs its engine in version {version}.").format(
                version=self._parts.version
            )
        )
        return (
            text
            + " "
            + _(
                "It is downloaded once, about {size} MB, and takes about {room} MB in {folder}. "
                "Nothing else on this computer is changed, and your pictures never leave it."
            ).format(size=size, room=round(size * UNPACKED), folder=place)
        )

    @property
    def action(self) -> str:
        """The label of the button that starts."""
        if self.state == READY:
            return _("_Set up again")
        return _("_Set up the engine") if self.state == MISSING else _("_Update the engine")

    @property
    def openvino(self) -> str:
        """The label of the choice of OpenVINO; "" where it is not offered."""
        size = self._parts.megabytes.get(computer.kind(), {}).get("openvino", 0)
        if not size:
            return ""
        return _("With Open_VINO: faster on most processors, {size} MB more").format(size=size)

    @property
    def has_openvino(self) -> bool:
        """Whether the present engine has OpenVINO."""
        return self._engine is not None and self._engine.openvino

    @property
    def removable(self) -> bool:
        """Whether there is an engine that can be removed here."""
        return self._engine is not None

    # ---- what the window does

    def start(self, place: str, proxy: str, openvino: bool) -> None:
        """Start a set-up with packages from `place` (an index or a folder; "" for the public index)."""
        choices = Choices(Source(place.strip(), proxy.strip()), openvino)
        self._begin(task.set_up(self._plug_in, self._parts, self._folders, choices), removing=False)

    def remove(self) -> None:
        """Start removing the engine."""
        self._begin(task.remove(self._folders), removing=True)

    def cancel(self) -> None:
        """End a running set-up."""
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """End a running set-up before the editor ends; block until what it has started is ended, too."""
        if self._task is not None:
            self._task.cancel()
            self._task.wait(_END_SECONDS)

    @property
    def progress(self) -> tuple[float, str]:
        """The completed fraction, 0..1, and what is being done."""
        return (0.0, "") if self._task is None else (self._task.fraction, self._task.text)

    def poll(self) -> bool:
        """Return whether something is being done; call it from a timer."""
        if self._task is None:
            return False
        try:
            if self._task.update():
                return True
            self.succeeded = not self._removing
            self.message = _("The engine is removed.") if self._removing else ""
        except Cancelled:
            self.message = _("Cancelled: nothing was changed. What was downloaded is kept for the next time.")
        except Failure as failure:
            self.message = str(failure)
        self._task = None
        self.look()
        return False

    def _begin(self, started: task.SetupTask, removing: bool) -> None:
        self.message, self.succeeded = "", False
        self._task, self._removing = started, removing
