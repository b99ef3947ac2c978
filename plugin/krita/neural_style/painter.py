"""A painting from the press of the button to the painted layer, while Krita's main loop runs."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any, Callable

from .nst_client.beside import NeuralEngine
from .nst_client.course import Course
from .nst_client.events import Hello
from .nst_client.failure import Cancelled, Failure
from .nst_client.pixels import Pixels
from .nst_client.translation import _
from .outcome import Outcome
from .qt import QtCore

HERE = Path(__file__).resolve().parent
FLATPAK = "org.kde.krita"
TICK = 50  # milliseconds
PREVIEW = 512
FINER = 2  # than what it paints: enough for the engine to scale down well


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
        self._outcome: Outcome | None = None
        self._course: Course | None = None
        self._putting: Generator[float, None, None] | None = None
        self._request: dict[str, Any] = {}
        self.busy = False
        """Whether a picture is being painted."""
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        QtCore.QCoreApplication.instance().aboutToQuit.connect(self.close)

    def prepare(self) -> None:
        """Start the engine, unless it runs: it gets ready while the person chooses."""
        try:
            self._launch()
        except Failure:  # told when the person wants to paint
            return
        self._timer.start()

    def paint(self, request: dict[str, Any], output: str) -> None:
        """Begin to paint the active layer as `request` (see `Controls.asked`) says, for `output`."""
        self.busy, self._request = True, request
        self.went_on.emit(-1.0, _("Starting…"))
        self._attempt(lambda: self._start(output))

    def stop_and_keep(self) -> None:
        """End it with what there is."""
        if self._course is not None:
            self.went_on.emit(-1.0, _("Finishing…"))
            self._course.stop_and_keep()

    def cancel(self) -> None:
        """End it without a painting, at once."""
        if self.busy:
            self._end("")

    def close(self) -> None:
        """End the engine."""
        self._timer.stop()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    # ---- what happens when

    def _start(self, output: str) -> None:
        self._outcome = Outcome(output)
        self._launch()
        self._timer.start()

    def _launch(self) -> None:
        if self._engine is None:
            self._engine = NeuralEngine(HERE, FLATPAK)
        self._engine.launch()

    def _tick(self) -> None:
        self._attempt(self._go_on)

    def _go_on(self) -> None:
        if self._outcome is not None:
            self._outcome.check()
        if self._course is not None:
            self._follow(self._course, self._outcome)
            return
        hello = self._engine.ready()
        if hello is None:
            return
        if hello is not self._hello:
            self._hello = hello
            self.greeted.emit(hello)
        if self._outcome is not None:
            size = self._request["options"].get("size") or hello.qualities[self._request["quality"]]["size"]
            self._outcome.check_size(size)
            content = self._outcome.content(FINER * size)
            self._course = Course(self._engine.paint(content, self._request, preview=PREVIEW))
        else:
            self._timer.stop()

    def _follow(self, course: Course, outcome: Outcome) -> None:
        if course.runs():
            self.went_on.emit(course.fraction, course.text)
            preview = course.preview()
            if preview is not None:
                self.previewed.emit(preview)
        else:
            self._finish(outcome, course.painting())

    def _finish(self, outcome: Outcome, painting: Pixels) -> None:
        if self._putting is None:
            self._putting = outcome.put(painting)
        done = next(self._putting, None)
        if done is not None:
            self.went_on.emit(done, _("Finishing…"))
            return
        awaited = outcome.awaited()
        if awaited:
            self.went_on.emit(1.0, awaited)
        else:
            self._end(outcome.place())

    # ---- the end

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do a piece of work; what goes wrong ends the painting with a message."""
        try:
            work()
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

    def _end(self, message: str) -> None:
        if self._course is not None:
            self._course.cancel()  # which does nothing to one that is over
        if self._putting is not None:
            self._putting.close()
        self._outcome = self._course = self._putting = None
        self.busy = False
        self.ended.emit(message)
