"""A notice in the docker that the engine is missing or outdated, with the button that opens its window."""

from __future__ import annotations

from .nst_client.engine_setup.parts import Parts
from .nst_client.translation import _
from .qt import QtCore, QtWidgets
from .setup_window import HERE, SetupWindow, engine_needed


class SetupNotice(QtWidgets.QWidget):
    """The notice, shown where it is needed. `changed`: signal that the engine is another one now, or gone."""

    changed = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = Parts.of(HERE)
        self._window: SetupWindow | None = None
        text = QtWidgets.QLabel(_("Neural Style needs its engine, once."), wordWrap=True)
        self.button = QtWidgets.QPushButton(_("Set up the engine…"))
        self.button.clicked.connect(self.open)
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(text)
        rows.addWidget(self.button)
        self.update_visibility()

    @property
    def possible(self) -> bool:
        """Whether the plug-in came as a ZIP, and so sets up its own engine."""
        return self._parts is not None

    def open(self) -> None:
        """Open the window of the set-up."""
        if self._parts is None:
            return
        if self._window is None:
            self._window = SetupWindow(self._parts, self.window())
            self._window.changed.connect(self._announce)
        self._window.show()
        self._window.raise_()

    def open_where_needed(self) -> None:
        """Open the window where there is no engine of the right version."""
        if engine_needed():
            self.open()

    def update_visibility(self) -> None:
        """Show or hide the notice."""
        self.setVisible(engine_needed())

    def _announce(self) -> None:
        self.update_visibility()
        self.changed.emit()
