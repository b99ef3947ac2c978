"""What the tests have Krita do. This runs in Krita's own Python, as a plug-in of Krita's (see conftest.py).

Each scenario is a generator: it yields what must come true before it goes on, while Krita's main loop runs.
It gets a folder to write pixels into, and returns facts that JSON can carry.
"""

import faulthandler
import json
import os
import time
import traceback
from pathlib import Path

from neural_style.qt import QtCore

from krita import Extension, Krita

from . import docker, layers, meanwhile, measured, person, regions, trouble

ROOMS = (layers, meanwhile, trouble, docker, regions, measured)
PATIENCE = 120

faulthandler.enable()


class Driver(Extension):
    """Goes through the scenarios once there is a window, and then ends Krita."""

    def setup(self):
        self._scenarios = json.loads(os.environ["NST_SCENARIOS"])
        self._folder = Path(os.environ["NST_FOLDER"])
        self._current, self._awaited, self._since = None, None, 0.0

    def createActions(self, window):  # noqa: N802 - Krita calls it
        self._timer = QtCore.QTimer()
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._tick)
        QtCore.QTimer.singleShot(2000, self._timer.start)

    def _tick(self):
        try:
            if self._current is None:
                self._next()
            elif self._awaited is None or self._awaited():
                self._awaited, self._since = next(self._current), time.monotonic()
            elif time.monotonic() - self._since > PATIENCE:
                raise TimeoutError(f"{_places(self._current)} never came true: {person.state()}")
        except StopIteration as end:
            self._tell(end.value)
        except BaseException:
            self._tell({"crashed": traceback.format_exc()})

    def _next(self):
        if not self._scenarios:
            self._timer.stop()
            for document in Krita.instance().documents():
                document.setModified(False)
            Krita.instance().action("file_quit").trigger()
            return
        self._name, function, arguments = self._scenarios.pop(0)
        self._place = self._folder / self._name
        self._place.mkdir()
        scenario = next(getattr(room, function) for room in ROOMS if hasattr(room, function))
        self._current = scenario(self._place, **arguments)
        self._awaited = None

    def _tell(self, facts):
        (self._place / "facts.json").write_text(json.dumps(facts))
        self._current = None


def _places(generator):
    """Return where a generator waits, and those in it."""
    found = []
    while generator is not None:
        found.append(f"{generator.gi_code.co_name}:{generator.gi_frame.f_lineno}")
        generator = generator.gi_yieldfrom
    return " > ".join(found)


Krita.instance().addExtension(Driver(Krita.instance()))
