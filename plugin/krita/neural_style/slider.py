"""A number in a range, as a slider and a box."""

from __future__ import annotations

from .qt import QtCore, QtWidgets

STEPS = 100  # of a slider


class Slider(QtWidgets.QWidget):
    """A number in a range: a slider and a spin box, coupled. `changed`: signal that it is another one."""

    changed = QtCore.pyqtSignal()

    def __init__(self, minimum: float, maximum: float, value: float, tip: str) -> None:
        super().__init__()
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setRange(round(minimum * STEPS), round(maximum * STEPS))
        self._number = QtWidgets.QDoubleSpinBox(decimals=2, minimum=minimum, maximum=maximum, singleStep=0.05)
        self._slider.valueChanged.connect(lambda steps: self._number.setValue(steps / STEPS))
        self._number.valueChanged.connect(lambda number: self._slider.setValue(round(number * STEPS)))
        self._number.valueChanged.connect(self.changed)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._number)
        self.setToolTip(tip)
        self.setValue(value)

    def value(self) -> float:
        """Return the number."""
        return float(self._number.value())

    def setValue(self, value: float) -> None:  # noqa: N802 - as Qt's own
        """Set the number."""
        self._number.setValue(value)
