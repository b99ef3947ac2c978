"""The docker's contents: the controls, or the preview and progress of a running painting."""

from __future__ import annotations

from .controls import Controls
from .nst_client.failure import Failure
from .nst_client.pixels import Pixels
from .nst_client.translation import _
from .painter import Painter
from .preview import Preview, active_layer, thumbnail_of_active_layer
from .qt import QtCore, QtWidgets
from .records import record_of, source_of
from .setup_notice import SetupNotice


class Panel(QtWidgets.QWidget):
    """Controls with a live preview and Paint; during a painting its preview with Stop and keep, and Cancel;
    messages below.

    `message_shown`: signal that there is a message to read.
    """

    message_shown = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.painter = Painter(self)
        self.setup = SetupNotice(self)
        for end in (self.painter.cancel, self.painter.close):  # the next painting starts the new engine
            self.setup.changed.connect(end)
        self.controls = Controls()
        self.paint_button = QtWidgets.QPushButton(_("Paint"))
        self.live, self.preview = Preview(), Preview()
        self.live.setWordWrap(True)
        self.live.hide()
        self.announcement = QtWidgets.QLabel(wordWrap=True)
        self.again_button = QtWidgets.QPushButton(_("Paint again from this layer's settings"))
        self.again_button.setToolTip(
            _("Takes the settings of this painting, and selects the layer that was painted")
        )
        self.again_button.hide()
        self._looked_at: object = None
        self.bar = QtWidgets.QProgressBar(maximum=1000)
        self.status = QtWidgets.QLabel(wordWrap=True)
        self.keep_button = QtWidgets.QPushButton(_("Stop and keep"))
        self.cancel_button = QtWidgets.QPushButton(_("Cancel"))
        self.message = QtWidgets.QLabel(wordWrap=True)
        self.message.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.paint_button.clicked.connect(self.paint)
        self.again_button.clicked.connect(self._use_record)
        self.keep_button.clicked.connect(self._keep)
        self.cancel_button.clicked.connect(self.painter.cancel)
        self.controls.style_chosen.connect(self._chosen)
        self.controls.changed.connect(self.look)
        self.painter.looked.connect(self._show_live)
        self.painter.forecast_ready.connect(self._announce)
        self.painter.engine_ready.connect(self.controls.offer)
        self.painter.engine_ready.connect(self._announce)
        self.painter.progressed.connect(self._show_progress)
        self.painter.preview_ready.connect(self._show_preview)
        self.painter.finished.connect(self._end)
        self._show_working(False)
        self.paint_button.setEnabled(bool(self.controls.first.path))

    def paint(self) -> None:
        """Paint the active layer."""
        self.message.hide()
        try:
            request = self.controls.request()
        except Failure as failure:
            self._end(str(failure))
            return
        self.controls.remember()
        self.keep_button.setEnabled(False)
        self._show_working(True)
        self.painter.paint(request, self.controls.output_chosen, self.controls.values())

    def look(self) -> None:
        """Show the active layer painted in one pass, once a style is chosen."""
        self._announce()
        if self.painter.busy or not self.controls.first.path:
            return
        content = thumbnail_of_active_layer()
        shown = content, self.controls.request()
        if content is not None and shown != self._looked_at:
            self._looked_at = shown
            self.painter.look(*shown)

    def enterEvent(self, event: QtCore.QEvent) -> None:  # noqa: N802 - Qt calls it
        """Show the layer that is active now: Krita sends no signal when another one is clicked."""
        self.look()
        super().enterEvent(event)

    def _announce(self) -> None:
        """Say what Paint will do, or what it needs; offer the settings of a painting."""
        layer = active_layer()
        self.again_button.setVisible(layer is not None and record_of(*layer) is not None)
        if not self.controls.first.path:
            self.announcement.setText(_("Choose a style picture, and Paint can be pressed."))
            return
        self.announcement.setText(
            "" if layer is None else self.painter.announced(*layer, self.controls.request())
        )

    def _use_record(self) -> None:
        active = active_layer()
        record = None if active is None else record_of(*active)
        if active is None or record is None:  # another layer is active now
            self.again_button.hide()
            return
        document, _layer = active
        self.controls.choose(**record.settings_here)
        source = source_of(document, record)
        if source is not None:
            document.setActiveNode(source)
        self.again_button.hide()

    def _keep(self) -> None:
        self.keep_button.setEnabled(False)
        self.painter.stop_and_keep()

    def _chosen(self) -> None:
        chosen = bool(self.controls.first.path)
        self.paint_button.setEnabled(chosen)
        self.paint_button.setToolTip("" if chosen else _("Choose a style picture first"))
        if self.controls.first.path:
            self.painter.prepare()

    def _show_progress(self, fraction: float, text: str) -> None:
        self.bar.setRange(0, 0 if fraction < 0 else 1000)
        self.bar.setValue(round(fraction * 1000))
        self.status.setText(text)

    def _show_preview(self, picture: Pixels) -> None:
        self.keep_button.setEnabled(True)
        self.preview.show_pixels(picture)

    def _show_live(self, found: Pixels | str) -> None:
        if isinstance(found, str):
            self.live.setText(found)
        else:
            self.live.show_pixels(found)
        self.live.show()

    def _end(self, message: str) -> None:
        self._show_working(False)
        self.preview.clear()
        self.message.setText(message)
        self.message.setVisible(bool(message))
        if message:
            self.message_shown.emit()

    def _show_working(self, working: bool) -> None:
        self._settings.setVisible(not working)
        self._working.setVisible(working)

    def _lay_out(self) -> None:
        self._settings = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(self._settings)
        rows.setContentsMargins(0, 0, 0, 0)
        scrolled = QtWidgets.QScrollArea()
        scrolled.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(self.controls)
        rows.addWidget(self.live)
        rows.addWidget(self.announcement)
        rows.addWidget(scrolled, 1)
        rows.addWidget(self.again_button)
        rows.addWidget(self.paint_button)
        self._working = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(self._working)
        rows.setContentsMargins(0, 0, 0, 0)
        for widget in (self.preview, self.bar, self.status):
            rows.addWidget(widget)
        self.bar.setTextVisible(False)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.keep_button)
        buttons.addWidget(self.cancel_button)
        rows.addLayout(buttons)
        rows.addStretch(1)
        rows = QtWidgets.QVBoxLayout(self)
        rows.addWidget(self.setup)
        rows.addWidget(self._settings, 1)
        rows.addWidget(self._working, 1)
        rows.addWidget(self.message)
