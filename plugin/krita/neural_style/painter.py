"""A painting from the press of the button to the new layer, while Krita's main loop runs."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from krita import Document, Node

from .nst_client.beside import NeuralEngine
from .nst_client.course import Course
from .nst_client.events import Hello
from .nst_client.failure import Cancelled, Failure
from .nst_client.pixels import Pixels
from .nst_client.translation import _
from .outcome import active, deliver
from .pixels import taken
from .qt import QtCore
from .region import Region, region

HERE = Path(__file__).resolve().parent
FLATPAK = "org.kde.krita"
TICK = 50  # milliseconds
PREVIEW = 512


class Painter(QtCore.QObject):
    """Keeps the engine, and paints one picture at a time. Nothing here waits for the engine.

    `greeted`: what the engine has, when it is ready; `went_on`: how far it is, 0..1 (below 0: unknown), and
    the same in words; `previewed`: the picture as it is now; `ended`: what went wrong, in words, or "".
    """

    greeted = QtCore.pyqtSignal(object)
    went_on = QtCore.pyqtSignal(float, str)
    previewed = QtCore.pyqtSignal(object)
    ended = QtCore.pyqtSignal(str)

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: NeuralEngine | None = None
        self._hello: Hello | None = None
        self._where: tuple[Document, Node, Region] | None = None
        self._content: Pixels | None = None
        self._request: dict[str, Any] = {}
        self._course: Course | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        QtCore.QCoreApplication.instance().aboutToQuit.connect(self.close)

    @property
    def busy(self) -> bool:
        """Whether a picture is being painted."""
        return self._where is not None

    def prepare(self) -> None:
        """Start the engine, unless it runs: it gets ready while the person chooses."""
        try:
            self._launch()
        except Failure:  # told when the person wants to paint
            return
        self._timer.start()

    def paint(self, request: dict[str, Any]) -> None:
        """Begin to paint the active layer as `request` (see `Controls.asked`) says."""
        try:
            document, layer = active()
            part = region(document, layer)
            self._launch()
            self._content, self._request = taken(layer, part.seen), request
        except Failure as failure:
            self.ended.emit(str(failure))
            return
        self._where = document, layer, part
        self.went_on.emit(-1.0, _("Starting…"))
        self._timer.start()

    def stop_and_keep(self) -> None:
        """End it with what there is."""
        if self._course is not None:
            self.went_on.emit(-1.0, _("Finishing…"))
            self._course.stop_and_keep()

    def cancel(self) -> None:
        """End it without a painting, at once."""
        if self.busy:
            if self._course is not None:
                self._course.cancel()
            self._end("")

    def close(self) -> None:
        """End the engine."""
        self._timer.stop()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _launch(self) -> None:
        if self._engine is None:
            self._engine = NeuralEngine(HERE, FLATPAK)
        self._engine.launch()

    def _end(self, message: str) -> None:
        self._where = self._content = self._course = None
        self.ended.emit(message)

    def _tick(self) -> None:
        try:
            self._go_on()
        except Cancelled:
            self._end("")
        except Failure as failure:
            self._timer.stop()
            self._hello = None
            if self.busy:
                self._end(str(failure))
        except Exception as error:  # Krita would show a traceback, or nothing at all
            traceback.print_exc()
            self._end(f"{_('This is a bug in the plug-in:')} {type(error).__name__}: {error}")

    def _go_on(self) -> None:
        hello = self._engine.ready()
        if hello is None:
            return
        if hello is not self._hello:
            self._hello = hello
            self.greeted.emit(hello)
        if self._course is not None:
            self._follow(self._course)
        elif self._content is not None:
            self._course = Course(self._engine.paint(self._content, self._request, preview=PREVIEW))
            self._content = None
        else:
            self._timer.stop()

    def _follow(self, course: Course) -> None:
        if course.runs():
            self.went_on.emit(course.fraction, course.text)
            preview = course.preview()
            if preview is not None:
                self.previewed.emit(preview)
        else:
            deliver(*self._where, course.painting())
            self._end("")
