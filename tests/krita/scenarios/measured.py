"""What the benchmarks measure."""

import os
import time

from neural_style.qt import QtCore

from krita import Krita, Selection

from .person import made_of, painted, panel
from .pictures import moment, photo, select, settled, told


def finishing(folder, feather=0):
    """Paint a large layer; tell how long Krita's "Finishing…" takes once the engine is done."""
    here, begun = panel(), []

    def note(_fraction, text):
        if text == "Finishing…" and not begun:
            begun.append(time.monotonic())

    here.painter.progressed.connect(note)
    document = yield from photo(2448, 1632)
    if feather:
        select(document, 200, 200, 2000, 1200, feather=feather)
    message = yield from painted(quality="instant", size=2448)
    here.painter.progressed.disconnect(note)
    return {"seconds": time.monotonic() - begun[0], "message": message}


def whole_photo(folder, path, width, height, style):
    """Paint a photo with the settings that the docker opens with; tell the time, and what the docker said."""
    here = panel()
    document = yield from photo(width, height, path=path)
    layer = document.activeNode()
    yield from _chosen(here, style)
    forecast = here.painter.live._forecast
    facts = {"version": Krita.instance().version(), "quality": here.controls.quality.currentText()}
    facts |= {"said": forecast.seconds, "announced": here.looks.announcement.text()}
    here.grab().save(str(folder / "docker.png"))
    begun = time.monotonic()
    here.paint_button.click()
    while here.painter.busy:
        yield from moment(0.1)
    facts |= {"seconds": time.monotonic() - begun, "message": here.message.text()}
    yield from moment()
    made = made_of(document, layer)
    facts["placed"] = made != layer  # the message may be a warning
    facts["made"] = told(folder, made, "made")
    return facts


def waits(folder, width, height, runs):
    """Tell the seconds from a slider to the new preview, from Paint to the first one, and of Cancel."""
    here = panel()
    yield from photo(width, height)
    yield from _chosen(here, os.environ["NST_STYLE"])
    facts = {"version": Krita.instance().version(), "slider": [], "paint": [], "cancel": []}
    clock = Clock()
    here.painter.live.looked.connect(lambda _picture: clock.stop(here.looks.live))
    here.painter.preview_ready.connect(lambda _picture: clock.stop(here.preview))
    for run in range(runs):
        clock.start()
        here.controls.strength.setValue(0.3 + 0.4 * (run % 2))
        facts["slider"].append((yield from clock.seconds()))
        yield from _idle(here)
    for _run in range(runs):
        clock.start()
        here.paint_button.click()
        facts["paint"].append((yield from clock.seconds()))
        yield from moment(1)
        clock.start()
        here.cancel_button.click()
        QtCore.QTimer.singleShot(0, lambda: clock.stop(here))
        facts["cancel"].append((yield from clock.seconds()))
        facts["controls"] = here.paint_button.isVisible() and not here.cancel_button.isVisible()
        yield from moment(1)
    return facts


def soft_masks(folder, width, height):
    """Tell the longest pause of the main loop from Paint to the first preview, with two wholly soft masks."""
    from neural_style.places import place_of, selected_place

    here = panel()
    document = yield from photo(width, height)
    layer = document.activeNode()
    shape = document.createNode("shape", "paintlayer")
    shape.setPixelData(b"\0\0\0\x80" * (width * height), 0, 0, width, height)
    document.rootNode().addChildNode(shape, None)
    shape.setVisible(False)
    yield from settled(document, layer)
    selection = Selection()
    selection.select(0, 0, width, height, 100)
    document.setSelection(selection)
    here.regions.clear()
    here.regions.add(place_of(shape)).painting.choose(os.environ["NST_SECOND"])
    here.regions.add(selected_place(1)).keep.setChecked(True)
    here.regions.rest.setCurrentIndex(1)
    Krita.instance().action("deselect").trigger()
    yield from _chosen(here, os.environ["NST_STYLE"])
    clock, pauses = Clock(), Pauses()
    here.painter.preview_ready.connect(lambda _picture: clock.stop(here.preview))
    clock.start()
    pauses.start()
    here.paint_button.click()
    facts = {"pressed": time.monotonic() - pauses.last, "first": (yield from clock.seconds())}
    facts["longest"] = pauses.stop()
    here.cancel_button.click()
    here.regions.clear()
    return facts


class Pauses:
    """Watches how long Krita's main loop does not run."""

    def start(self):
        self._longest, self.last = 0.0, time.monotonic()
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)

    def stop(self):
        self._timer.stop()
        return self._longest

    def _tick(self):
        now = time.monotonic()
        self._longest, self.last = max(self._longest, now - self.last), now


class Clock:
    """Measures the time until a widget is drawn."""

    def start(self):
        self._begun, self._ended = time.monotonic(), None

    def stop(self, widget):
        """Draw what the widget shows now, the first time since the start."""
        if self._ended is None:
            widget.repaint()
            self._ended = time.monotonic()

    def seconds(self):
        yield lambda: self._ended is not None
        return self._ended - self._begun


def _chosen(here, style):
    """Choose a style and nothing else; wait until the docker says how long it would take."""
    Krita.instance().action("neural_style").trigger()  # what is not seen is not drawn
    yield here.isVisible
    here.controls.reset()
    here.controls.choose(style=style, second_style="")
    here.look()
    yield lambda: here.painter.live._forecast.seconds is not None
    yield from _idle(here)


def _idle(here):
    yield lambda: not here.painter.live.busy
    yield from moment(1)
