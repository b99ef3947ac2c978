"""The docker's controls, their stored values, and their conversion to an engine request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from krita import Krita

from .nst_client.choices import (
    AUTO,
    COLOURS,
    LARGEST,
    LARGEST_SEED,
    OWN_COLOURS,
    QUALITIES,
    STRENGTH,
    STYLE_SCALE,
    Choices,
    EngineRequest,
    engine_request,
)
from .nst_client.events import Hello
from .nst_client.translation import _
from .outcome import NEW_DOCUMENT, NEW_LAYER, REPLACE
from .qt import QtCore, QtWidgets
from .slider import Slider
from .style import StyleChooser
from .style_pictures import as_engine_reads

GROUP, KEY = "neural_style", "controls"  # in Krita's settings
MORE = ("second-style", "second-share", "size", "seed", "model", "device")
"""The controls that are shown only where they are asked for, or not at their defaults."""
OUTPUTS = (
    (NEW_LAYER, _("New layer")),
    (REPLACE, _("Replace the layer's pixels")),
    (NEW_DOCUMENT, _("New document")),
)


class Controls(QtWidgets.QWidget):
    """All controls; their values are stored in Krita's settings.

    `style_chosen`: signal that the style picture has changed; `changed`: that any control has; `failed`: with
    a message, that a style could not be taken.
    """

    style_chosen = QtCore.pyqtSignal()
    changed = QtCore.pyqtSignal()
    failed = QtCore.pyqtSignal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.first = StyleChooser(_("Choose a style picture…"), _("The painting to paint like"))
        self.strength = Slider(
            STRENGTH["low"],
            STRENGTH["high"],
            STRENGTH["default"],
            _("How much style: 0 stays closest to the photo, 1 is all paint"),
        )
        self.quality = _choice(QUALITIES, "good", _("How long to paint, and how finely"))
        self.style_scale = Slider(*STYLE_SCALE, _("Below 1: finer strokes; above 1: coarser"))
        self.colours = _choice(COLOURS, OWN_COLOURS, _("Whose colours the painting has"))
        self.output = _choice(OUTPUTS, NEW_LAYER, _("Where the painting goes"))
        self.second = StyleChooser(
            _("None"), _("Another painting to blend with the first (optional)"), small=True, removable=True
        )
        self.share = Slider(0.0, 1.0, 0.5, _("How much of the second painting"))
        self.longest = _number(
            LARGEST, _("Longest side of the painting in pixels while it is made; 0 is as the quality says")
        )
        self.longest.setSpecialValueText(_("As the quality says"))
        self.seed = _number(LARGEST_SEED, _("The same seed gives the same painting"))
        self.model = _name(_("The network that judges; auto takes the best one installed"))
        self.device = _name(_("What computes; auto takes the fastest one that works"))
        self._lay_out()
        self._values: dict[str, Any] = {
            "style": self.first,
            "strength": self.strength,
            "quality": self.quality,
            "style-scale": self.style_scale,
            "keep-colours": self.colours,
            "output": self.output,
            "second-style": self.second,
            "second-share": self.share,
            "size": self.longest,
            "seed": self.seed,
            "model": self.model,
            "device": self.device,
        }
        self._defaults = self.values()
        self.restore()
        changed = {name for name, value in self.values().items() if value != self._defaults[name]}
        self.opener.setChecked(bool(changed.intersection(MORE)))
        self.first.changed.connect(self.style_chosen)
        for chooser in (self.first, self.second):
            chooser.failed.connect(self.failed)
        for widget in self._values.values():
            _signal(widget).connect(self.changed)

    # ---- engine request

    def request(self, style: str = "") -> EngineRequest:
        """Return the keyword arguments of `Engine.stylize`. Raises Failure where a style cannot be taken.

        `style`: the path of the first region's style where the rest is kept, whatever is chosen here; "":
        what is chosen.
        """
        values = self.values()
        if style:
            values["style"], values["second-style"] = style, ""
        for name in ("style", "second-style"):
            if values[name]:
                values[name] = str(as_engine_reads(Path(values[name])))
        return engine_request(values)

    @property
    def output_chosen(self) -> str:
        """The chosen output: one of `OUTPUTS`."""
        return str(_value(self.output))

    def offer(self, hello: Hello) -> None:
        """Fill the boxes with the engine's models and devices, keep the present texts; offer its styles."""
        for chooser in (self.first, self.second):
            chooser.menu.gallery = [path for path in hello.style_files.values() if Path(path).is_file()]
        for box, known in (
            (self.model, [model["name"] for model in hello.models]),
            (self.device, hello.devices),
        ):
            typed = box.currentText()
            box.clear()
            box.addItems([AUTO, *(name for name in known if name != AUTO)])
            box.setEditText(typed)

    # ---- values

    def values(self) -> Choices:
        """Return {control: value}."""
        return {name: _value(widget) for name, widget in self._values.items()}

    def choose(self, **values: float | str) -> None:
        """Set controls; `keep_colours` is the control keep-colours."""
        for name, value in values.items():
            _set(self._values[name.replace("_", "-")], value)

    def reset(self) -> None:
        """Set all controls but the style to their defaults."""
        self.choose(**{**self._defaults, "style": self.first.path})

    def remember(self) -> None:
        """Store the values in Krita's settings."""
        Krita.instance().writeSetting(GROUP, KEY, json.dumps(self.values()))

    def restore(self) -> None:
        """Set the stored values; the defaults where they are invalid, no style where its file is gone."""
        try:
            stored = json.loads(Krita.instance().readSetting(GROUP, KEY, "{}"))
            self.choose(**{name: value for name, value in stored.items() if name in self._values})
        except (ValueError, TypeError, AttributeError):
            self.choose(**self._defaults)
        for button in (self.first, self.second):
            if not Path(button.path).is_file():
                button.choose("")

    # ---- layout

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.first)
        rows.addLayout(
            _form(
                (_("Strength"), self.strength),
                (_("Quality"), self.quality),
                (_("Stroke scale"), self.style_scale),
                (_("Colours"), self.colours),
                (_("Put into"), self.output),
            )
        )
        more = QtWidgets.QWidget()
        form = _form(
            (_("Second style"), self.second),
            (_("Share of the second"), self.share),
            (_("Size"), self.longest),
            (_("Seed"), self.seed),
            (_("Model"), self.model),
            (_("Device"), self.device),
        )
        form.setContentsMargins(0, 0, 0, 0)
        reset = QtWidgets.QPushButton(_("Reset"))
        reset.clicked.connect(self.reset)
        form.addRow("", reset)
        more.setLayout(form)
        more.hide()
        self.opener = QtWidgets.QToolButton(text=_("More"), checkable=True, autoRaise=True)
        self.opener.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.opener.setArrowType(QtCore.Qt.ArrowType.RightArrow)
        self.opener.toggled.connect(more.setVisible)
        arrows = QtCore.Qt.ArrowType.RightArrow, QtCore.Qt.ArrowType.DownArrow
        self.opener.toggled.connect(lambda is_open: self.opener.setArrowType(arrows[is_open]))
        rows.addWidget(self.opener)
        rows.addWidget(more)
        rows.addStretch(1)


def _form(*rows: tuple[str, QtWidgets.QWidget]) -> QtWidgets.QFormLayout:
    form = QtWidgets.QFormLayout()
    form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for label, widget in rows:
        form.addRow(label, widget)
        form.labelForField(widget).setToolTip(widget.toolTip())
    return form


def _choice(options: tuple[tuple[str, str], ...], chosen: str, tip: str) -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox(toolTip=tip)
    box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    for name, label in options:
        box.addItem(label, name)
    _set(box, chosen)
    return box


def _name(tip: str) -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox(toolTip=tip, editable=True)
    box.addItem(AUTO)
    return box


def _number(maximum: int, tip: str) -> QtWidgets.QSpinBox:
    return QtWidgets.QSpinBox(minimum=0, maximum=maximum, toolTip=tip)


def _signal(widget: Any) -> Any:
    """Return the signal that a control sends when its value changes."""
    if isinstance(widget, (StyleChooser, Slider)):
        return widget.changed
    return widget.valueChanged if isinstance(widget, QtWidgets.QSpinBox) else widget.currentTextChanged


def _value(widget: Any) -> Any:
    if isinstance(widget, StyleChooser):
        return widget.path
    if isinstance(widget, QtWidgets.QComboBox):
        return widget.currentText() if widget.isEditable() else widget.currentData()
    return widget.value()


def _set(widget: Any, value: Any) -> None:
    if isinstance(widget, StyleChooser):
        widget.choose(value or "")
    elif not isinstance(widget, QtWidgets.QComboBox):
        widget.setValue(value)
    elif widget.isEditable():
        widget.setEditText(value)
    else:
        widget.setCurrentIndex(max(widget.findData(value), 0))
