"""The window that sets up, updates and removes the engine of a plug-in that came as a ZIP."""

from __future__ import annotations

from pathlib import Path

from .nst_client.engine_setup import folders
from .nst_client.engine_setup.parts import Parts
from .nst_client.engine_setup.session import SetupSession
from .nst_client.engine_setup.state import READY, state
from .nst_client.translation import _
from .qt import QtCore, QtGui, QtWidgets

HERE = Path(__file__).resolve().parent
POLL_MILLISECONDS = 100
WIDTH = 460


def engine_needed() -> bool:
    """Return whether the plug-in came as a ZIP, and its engine is missing or outdated."""
    return state(HERE, folders.default()) != READY


class SetupWindow(QtWidgets.QDialog):
    """The window, over a `SetupSession`; Krita remains usable.

    `changed`: signal that the engine was set up or is about to be replaced or removed.
    """

    changed = QtCore.pyqtSignal()

    def __init__(self, parts: Parts, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Neural Style: engine"))
        self._session = SetupSession(HERE, parts, folders.default())
        self.explanation, self.message = _paragraph(), _paragraph()
        self.openvino = QtWidgets.QCheckBox(_qt(self._session.openvino))
        self.openvino.setChecked(self._session.has_openvino)
        self.place, self.proxy = QtWidgets.QLineEdit(), QtWidgets.QLineEdit()
        self.proxy.setPlaceholderText("http://server:port")
        self.place.setToolTip(
            _("The address of a package index, or a folder of wheels; empty: the public index")
        )
        self.bar = QtWidgets.QProgressBar(maximum=1000)
        self.bar.setTextVisible(False)
        self.status = QtWidgets.QLabel()
        self.start_button, self.close_button = QtWidgets.QPushButton(), QtWidgets.QPushButton()
        self.remove_button = QtWidgets.QPushButton(_("Remove"))
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self._start)
        self.remove_button.clicked.connect(self._remove)
        self.close_button.clicked.connect(self.reject)
        QtCore.QCoreApplication.instance().aboutToQuit.connect(self._session.end)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(POLL_MILLISECONDS)
        self._timer.timeout.connect(self._poll)
        self._lay_out()
        self._show()

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: N802 - Qt calls it
        """Show what there is now."""
        self._session.look()
        self._show()
        super().showEvent(event)

    def reject(self) -> None:
        """Cancel what is being done, or close the window."""
        if self._timer.isActive():
            self.close_button.setEnabled(False)
            self._session.cancel()
        else:
            super().reject()

    def _start(self) -> None:
        self.changed.emit()  # an engine that runs would be replaced
        self._session.start(self.place.text(), self.proxy.text(), self.openvino.isChecked())
        self._timer.start()
        self._show()

    def _remove(self) -> None:
        self.changed.emit()
        self._session.remove()
        self._timer.start()
        self._show()

    def _poll(self) -> None:
        working = self._session.poll()
        fraction, text = self._session.progress
        self.bar.setValue(round(fraction * 1000))
        self.status.setText(text)
        if working:
            return
        self._timer.stop()
        self._show()
        self.changed.emit()
        if self._session.succeeded:
            self.accept()

    def _show(self) -> None:
        """Show what is possible now."""
        session, working = self._session, self._timer.isActive()
        self.explanation.setText(session.explanation)
        self.message.setText(session.message)
        self.message.setVisible(bool(session.message))
        self.openvino.setVisible(bool(session.openvino))
        for widget in (self.bar, self.status):
            widget.setVisible(working)
        for widget in (self.openvino, self._more, self.start_button):
            widget.setEnabled(not working)
        self.remove_button.setVisible(session.removable and not working)
        self.start_button.setText(_qt(session.action))
        self.close_button.setText(_("Close") if session.state == READY and not working else _("Cancel"))
        self.close_button.setEnabled(True)
        self.adjustSize()

    def _lay_out(self) -> None:
        self._more = QtWidgets.QGroupBox(_("More"))
        choose = QtWidgets.QPushButton(_("Folder…"))
        choose.clicked.connect(self._choose_folder)
        grid = QtWidgets.QGridLayout(self._more)
        for row, (text, field) in enumerate(((_("Packages from"), self.place), (_("Proxy"), self.proxy))):
            grid.addWidget(QtWidgets.QLabel(text), row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(choose, 0, 2)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.start_button)
        rows = QtWidgets.QVBoxLayout(self)
        for widget in (self.explanation, self.openvino, self._more, self.bar, self.status, self.message):
            rows.addWidget(widget)
        rows.addLayout(buttons)

    def _choose_folder(self) -> None:
        folder = QtWidgets.QFileDialog.getExistingDirectory(self, _("A folder of wheels"))
        if folder:
            self.place.setText(folder)


def _paragraph() -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(wordWrap=True)
    label.setMinimumWidth(WIDTH)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _qt(label: str) -> str:
    """Return a label with Qt's sign for the access key instead of GTK's."""
    return label.replace("_", "&", 1)
