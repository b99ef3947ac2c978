"""The docker's contents: the controls, or the preview and progress of a running painting."""

from __future__ import annotations

from .controls import Controls
from .looks import Looks
from .nst_client.failure import Failure
from .nst_client.painted_region import check
from .nst_client.pixels import Pixels
from .nst_client.translation import _
from .painter import Painter
from .preview import Preview, active_layer
from .qt import QtCore, QtWidgets
from .records import record_of, source_of
from .region_box import RegionBox
from .setup_notice import SetupNotice
from .style_pictures import SHELF

HIGHEST = 320  # pixels of the painting's preview


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
        self.controls, self.regions = Controls(), RegionBox()
        self.paint_button = QtWidgets.QPushButton(_("Paint"))
        self.looks = Looks(self.painter, self.controls, self.regions)
        self.preview = Preview(HIGHEST)
        self.again_button = QtWidgets.QPushButton(_("Paint again from this layer's settings"))
        self.again_button.setToolTip(
            _("Takes the settings of this painting, and selects the layer that was painted")
        )
        self.again_button.hide()
        self.bar = QtWidgets.QProgressBar(maximum=1000)
        self.status = QtWidgets.QLabel(wordWrap=True)
        self.keep_button = QtWidgets.QPushButton()
        self.cancel_button = QtWidgets.QPushButton(_("Cancel"))
        self.message = QtWidgets.QLabel(wordWrap=True)
        self.message.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.paint_button.clicked.connect(self.paint)
        self.again_button.clicked.connect(self._use_record)
        self.keep_button.clicked.connect(self._keep)
        self.cancel_button.clicked.connect(self.painter.cancel)
        self.controls.style_chosen.connect(self._chosen)
        self.regions.changed.connect(self._chosen)
        self.controls.changed.connect(self._update_paint_button)
        for part in (self.controls, self.regions):
            part.failed.connect(self._tell)
        self.painter.engine_ready.connect(self.controls.offer)
        self.painter.progressed.connect(self._show_progress)
        self.painter.preview_ready.connect(self._show_preview)
        self.painter.keepable.connect(self._show_keepable)
        self.painter.finished.connect(self._end)
        self._show_working(False)
        self._update_paint_button()

    def paint(self) -> None:
        """Paint the active layer."""
        self.message.hide()
        try:
            request, regions = self.controls.request(self.regions.only_style), self.regions.regions()
        except Failure as failure:
            self._end(str(failure))
            return
        self.controls.remember()
        SHELF.remember(*request["styles"])
        self.keep_button.setEnabled(False)
        self.keep_button.setText(_("Stop and keep"))
        if self.looks.whole is not None:  # until the painting has a picture of its own
            self.preview.setPixmap(self.looks.whole)
        self._show_working(True)
        settings = {**self.controls.values(), **self.regions.stored()}
        self.painter.paint(request, self.controls.output_chosen, settings, regions)

    def look(self) -> None:
        """Show the active layer painted in one pass, once a style is chosen; offer a painting's settings."""
        active = active_layer()
        self.again_button.setVisible(active is not None and record_of(*active) is not None)
        self.looks.refresh()

    def enterEvent(self, event: QtCore.QEvent) -> None:  # noqa: N802 - Qt calls it
        """Show the layer that is active now: Krita sends no signal when another one is clicked."""
        self.look()
        super().enterEvent(event)

    def _use_record(self) -> None:
        active = active_layer()
        record = None if active is None else record_of(*active)
        if active is None or record is None:  # another layer is active now
            self.again_button.hide()
            return
        document, _layer = active
        self.controls.choose(**record.choices_here)
        self.regions.restore(record.settings)
        source = source_of(document, record)
        if source is not None:
            document.setActiveNode(source)
        self.again_button.hide()

    def _keep(self) -> None:
        self.keep_button.setEnabled(False)
        self.painter.stop_and_keep()

    @property
    def _has_style(self) -> bool:
        return bool(self.controls.first.path or self.regions.only_style)

    @property
    def _missing(self) -> str:
        """What is still to be chosen; "" where nothing is."""
        if not self._has_style:
            return _("Choose a style picture first")
        painted = [row.painting.path for row in self.regions.rows if row.painted]
        if not all(painted):
            return _("Choose a style for each region first, or keep it as it is")
        if self.regions.rows:
            choosers = () if self.regions.rest.currentData() else (self.controls.first, self.controls.second)
            own = [chooser.path for chooser in choosers if chooser.path]
            try:
                check(str(self.controls.values()["quality"]), [*own, *painted])
            except Failure as failure:
                return str(failure)
        return ""

    def _chosen(self) -> None:
        self._update_paint_button()
        if self._has_style:
            self.painter.prepare()

    def _update_paint_button(self) -> None:
        """Enable Paint where all is chosen; else say what is missing."""
        missing = self._missing
        self.paint_button.setEnabled(not missing)
        self.paint_button.setToolTip(missing)

    def _show_progress(self, fraction: float, text: str) -> None:
        self.bar.setRange(0, 0 if fraction < 0 else 1000)
        self.bar.setValue(round(fraction * 1000))
        self.status.setText(text)

    def _show_preview(self, picture: Pixels) -> None:
        self.keep_button.setEnabled(True)
        self.preview.show_pixels(picture)

    def _show_keepable(self, label: str) -> None:
        self.keep_button.setText(label)
        self.keep_button.setToolTip(label)

    def _end(self, message: str) -> None:
        self._show_working(False)
        self.preview.clear()
        self._tell(message)

    def _tell(self, message: str) -> None:
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
        upper = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.looks)
        column.addWidget(self.controls)
        column.addWidget(self.regions)
        column.addStretch(1)
        scrolled.setWidget(upper)
        rows.addWidget(scrolled, 1)
        rows.addWidget(self.again_button)
        rows.addWidget(self.paint_button)
        self._working = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(self._working)
        rows.setContentsMargins(0, 0, 0, 0)
        for widget in (self.preview, self.bar, self.status):
            rows.addWidget(widget)
        self.bar.setTextVisible(False)
        policy = QtWidgets.QSizePolicy.Policy
        for button in (self.keep_button, self.cancel_button):
            button.setSizePolicy(policy.Ignored, policy.Fixed)  # its words must not widen the docker
            rows.addWidget(button)
        rows.addStretch(1)
        rows = QtWidgets.QVBoxLayout(self)
        rows.addWidget(self.setup)
        rows.addWidget(self._settings, 1)
        rows.addWidget(self._working, 1)
        rows.addWidget(self.message)
