"""State machine of a painting, from the button to the painted layer, driven by a timer of the main loop."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Callable

from .live import Live, View
from .nst_client.choices import LARGEST, EngineRequest
from .nst_client.failure import Cancelled, Failure
from .nst_client.progress import JobMonitor
from .nst_client.sandboxed_engine import NeuralEngine
from .nst_client.translation import _
from .outcome import Outcome
from .qt import QtCore
from .region_masks import Regions

HERE = Path(__file__).resolve().parent
FLATPAK = "org.kde.krita"
POLL_MILLISECONDS = 50
PREVIEW = 512
OVERSAMPLING = 2  # content pixels per painted pixel, so that the engine's own filter does the scaling


class Painter(QtCore.QObject):
    """Owns the engine, and paints one picture at a time. Never blocks.

    Signals: `engine_ready` (Hello); `progressed` (fraction 0..1, below 0 while unknown; text);
    `preview_ready` (Pixels); `keepable` (what Stop and keep would keep, in words); `finished` (error message,
    or ""). `live`: what is painted in between.
    """

    engine_ready = QtCore.pyqtSignal(object)
    progressed = QtCore.pyqtSignal(float, str)
    preview_ready = QtCore.pyqtSignal(object)
    finished = QtCore.pyqtSignal(str)
    keepable = QtCore.pyqtSignal(str)

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: NeuralEngine | None = None
        self._outcome: Outcome | None = None
        self._monitor: JobMonitor | None = None
        self._writing: Generator[float, None, None] | None = None
        self._request: EngineRequest | None = None
        self.live = Live(lambda: self._engine, self)
        self.busy = False
        """Whether a picture is being painted."""
        self._advancing = False
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(POLL_MILLISECONDS)
        self._timer.timeout.connect(self._on_timer)
        QtCore.QCoreApplication.instance().aboutToQuit.connect(self.close)

    def prepare(self) -> None:
        """Start the engine, unless it runs, while the user chooses."""
        try:
            self._launch()
        except Failure:  # shown when Paint is pressed
            return
        if not self._timer.isActive():  # begun anew with each step of a slider, it would fire after the last
            self._timer.start()

    def look(self, view: View) -> None:
        """Paint what is looked at in one pass, and then the variations."""
        if not self.busy:
            self.live.show(view)
            self.prepare()

    def paint(
        self, request: EngineRequest, output: str, settings: Mapping[str, object], regions: Regions
    ) -> None:
        """Start painting the active layer with `request`, made of the controls' `settings`, for `output`."""
        self.busy, self._request = True, request
        self._timer.stop()  # many of Krita 6's functions run its main loop, and timers with it
        self.live.stop()
        self.progressed.emit(-1.0, _("Starting…"))
        self._attempt(lambda: self._start(output, settings, regions))

    def stop_and_keep(self) -> None:
        """End the job with the best picture so far."""
        if self._monitor is not None:
            self.progressed.emit(-1.0, _("Finishing…"))
            self._monitor.stop_and_keep()

    def cancel(self) -> None:
        """End the job at once, without a painting."""
        if self.busy:
            self._end("")

    def close(self) -> None:
        """Shut the engine down."""
        self._timer.stop()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    # ---- steps

    def _start(self, output: str, settings: Mapping[str, object], regions: Regions) -> None:
        request = self._request
        try:
            outcome = Outcome(output, request, settings, regions)
        except Failure:
            if self._request is request:
                raise
            return  # begun anew meanwhile: the newer painting goes on
        if not self.busy or self._request is not request:  # cancelled meanwhile, or begun anew
            return
        self._outcome = outcome
        self._launch()
        self._timer.start()

    def _launch(self) -> None:
        if self._engine is None:
            self._engine = NeuralEngine(HERE, FLATPAK)
        self._engine.launch()

    def _on_timer(self) -> None:
        """Advance, but not within a step that has Krita run its main loop."""
        if not self._advancing:
            self._advancing = True
            try:
                self._attempt(self._advance)
            finally:
                self._advancing = False

    def _advance(self) -> None:
        if self._outcome is not None:
            self._outcome.check()
        if self._monitor is not None:
            self._follow(self._monitor, self._outcome)
            return
        hello = self._engine.ready()
        if hello is None:
            return
        if hello is not self.live.hello:
            self.live.hello = hello
            self.engine_ready.emit(hello)
        outcome = self._outcome
        if outcome is not None:
            size = self.live.size_of(self._request, LARGEST)
            outcome.check_size(size)
            content = outcome.content(OVERSAMPLING * size)
            if self._outcome is outcome:  # else cancelled meanwhile
                self._monitor = JobMonitor(self._engine.paint(content, outcome.request, preview=PREVIEW))
            return
        self.live.update()
        if not (self.live.busy or self.busy):
            self._timer.stop()

    def _follow(self, monitor: JobMonitor, outcome: Outcome) -> None:
        if monitor.update():
            self.progressed.emit(monitor.fraction, monitor.text)
            preview = monitor.preview()
            if preview is not None:
                self.preview_ready.emit(preview)
            if monitor.longest:
                self.keepable.emit(outcome.kept(monitor.longest))
        else:
            self._finish(outcome, monitor)

    def _finish(self, outcome: Outcome, monitor: JobMonitor) -> None:
        """Write the next part of the painting; place it once it is whole.

        Where it is cancelled in the main loop that Krita runs meanwhile, it ends here.
        """
        if self._writing is None:
            self._writing = outcome.write(monitor.result())
        writing = self._writing
        done = next(writing, None)
        if self._outcome is not outcome:
            writing.close()
            return
        if done is not None:
            self.progressed.emit(done, _("Finishing…"))
            return
        reason = outcome.pending_reason()
        if reason:
            self.progressed.emit(1.0, reason)
            return
        told = [*monitor.warnings, outcome.place()]
        if self._outcome is outcome:
            self._end(" ".join(text for text in told if text))

    # ---- errors and end

    def _attempt(self, work: Callable[[], None]) -> None:
        """Run `work`; an error ends the painting with a message."""
        try:
            work()
        except Cancelled:
            self._end("")
        except Failure as failure:
            self._timer.stop()
            self.live.hello = None
            if self.busy:
                self._end(str(failure))
        except Exception as error:  # Krita itself shows a traceback, or nothing
            traceback.print_exc()
            self._end(f"{_('This is a bug in the plug-in:')} {type(error).__name__}: {error}")

    def _end(self, message: str) -> None:
        if self._monitor is not None:
            self._monitor.cancel()  # no effect on a finished job
        if self._writing is not None and not self._writing.gi_running:
            self._writing.close()
        self._outcome = self._monitor = self._writing = None
        self.busy = False
        self.finished.emit(message)
