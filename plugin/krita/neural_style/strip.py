"""A strip of three strengths and three stroke sizes, painted in one pass, to click on."""

from __future__ import annotations

from .nst_client.live_preview import VARIATIONS, VARIED, Variation
from .nst_client.pixels import Pixels
from .preview import image_of
from .qt import QtCore, QtWidgets
from .thumbnail import icon

SIZE = QtCore.QSize(88, 58)


class Strip(QtWidgets.QWidget):
    """A row of pictures for each control. `chosen`: signal with a control and its value, on a click."""

    chosen = QtCore.pyqtSignal(str, float)

    def __init__(self) -> None:
        super().__init__()
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        self.buttons: dict[Variation, QtWidgets.QToolButton] = {}
        rows = list(VARIED)
        for number, (option, value) in enumerate(VARIATIONS):
            control, label = VARIED[option]
            button = QtWidgets.QToolButton(text=f"{label} {value:g}", autoRaise=True)
            button.setToolTip(button.text())
            button.setIconSize(SIZE)
            button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            policy = QtWidgets.QSizePolicy.Policy
            button.setSizePolicy(policy.Ignored, policy.Fixed)
            button.clicked.connect(lambda _checked, c=control, v=value: self.chosen.emit(c, v))
            grid.addWidget(button, rows.index(option), number % 3)
            self.buttons[option, value] = button

    def show_picture(self, variation: Variation, picture: Pixels) -> None:
        """Show the picture of a variation."""
        self.buttons[variation].setIcon(icon(image_of(picture), SIZE))
