"""What a newcomer does in Krita, by its own buttons and dialogs. Runs in Krita's Python, as a plug-in of its.

NST_VISIT says which visit to Krita this is; what happened is written to NST_FOLDER.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

from krita import Extension, Krita

if "PyQt6.QtCore" in sys.modules:  # as Krita itself has imported it
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

FOLDER = Path(os.environ["NST_FOLDER"])
PATIENCE = 100


def shot(name):
    """Store what the screen shows."""
    screen = QtWidgets.QApplication.primaryScreen()
    place = Path("/srv/nst-onnx/screenshots")
    place.mkdir(parents=True, exist_ok=True)
    screen.grabWindow(0).save(str(place / f"krita-{name}.png"))


def pause(seconds=1.0):
    since = time.monotonic()
    yield lambda: time.monotonic() - since > seconds


def modal(kind):
    """The dialog of a class that is open now, or None."""
    found = QtWidgets.QApplication.activeModalWidget()
    return found if isinstance(found, kind) else None


def import_zip():
    """First visit: Tools ▸ Scripts ▸ Import Python Plugin from File…, and yes to all questions."""
    QtCore.QTimer.singleShot(0, Krita.instance().action("plugin_importer_file").trigger)  # it blocks
    yield lambda: modal(QtWidgets.QFileDialog) is not None
    dialog = modal(QtWidgets.QFileDialog)
    dialog.findChild(QtWidgets.QLineEdit, "fileNameEdit").setText(os.environ["NST_ZIP"])
    yield from pause()
    shot("1-import")
    dialog.findChild(QtWidgets.QDialogButtonBox).button(
        QtWidgets.QDialogButtonBox.StandardButton.Open
    ).click()
    yield lambda: modal(QtWidgets.QMessageBox) is not None
    yield from pause()
    shot("2-enable")
    question = modal(QtWidgets.QMessageBox)
    facts = {"question": question.text()}
    question.button(QtWidgets.QMessageBox.StandardButton.Yes).click()
    yield from pause()
    return facts


def paint():
    """Second visit: the menu entry, the set-up without and then with a source, and a painting."""
    facts = {}
    document = open_photo()
    yield from pause(3)
    panel = docker().widget()
    facts["notice"] = panel.setup.button.isVisibleTo(panel)
    facts["entries"] = [Krita.instance().action(n).text() for n in ("neural_style", "neural_style_engine")]
    Krita.instance().action("neural_style").trigger()
    yield lambda: window(panel) is not None
    yield from pause()
    shot("3-offer")
    here = window(panel)
    facts["explanation"] = here.explanation.text()
    here.start_button.click()  # there is no network
    yield lambda: here.message.isVisible()
    yield from pause()
    shot("4-no-network")
    facts["no network"] = here.message.text()
    here.place.setText(os.environ["NST_WHEELS"])
    here.start_button.click()
    yield from pause(2)
    shot("5-progress")
    here.close_button.click()
    yield lambda: here.message.isVisible()
    facts["cancelled"] = here.message.text()
    facts["after cancelling"] = [path.name for path in Path.home().rglob("engine.json")]
    here.start_button.click()
    yield lambda: not here.isVisible() or here.message.isVisible()
    facts["failure"] = here.message.text() if here.isVisible() else ""
    facts["notice after"] = panel.setup.isVisibleTo(panel)
    panel.controls.choose(style=os.environ["NST_STYLE"], second_style="", quality="fast", size=128)
    yield from pause(4)
    shot("6-docker")
    panel.paint_button.click()
    yield lambda: not panel.painter.busy
    yield from pause(2)
    shot("7-painted")
    facts["message"] = panel.message.text()
    facts["layers"] = [node.name() for node in document.topLevelNodes()]
    Krita.instance().action("neural_style_engine").trigger()
    yield from pause()
    shot("8-ready")
    facts["ready"] = here.explanation.text()
    here.remove_button.click()
    yield lambda: here.message.isVisible()
    facts["removed"] = here.message.text()
    facts["left"] = [path.name for path in Path.home().rglob("engine.json")]
    shot("9-removed")
    return facts


def open_photo():
    krita = Krita.instance()
    image = (
        QtGui.QImage(os.environ["NST_PHOTO"])
        .scaled(384, 256)
        .convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    )
    document = krita.createDocument(384, 256, "photo", "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 100.0)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    document.topLevelNodes()[0].setPixelData(bytes(bits), 0, 0, 384, 256)
    krita.activeWindow().addView(document)
    krita.setActiveDocument(document)
    document.refreshProjection()
    return document


def docker():
    return next(d for d in Krita.instance().dockers() if d.objectName() == "neural_style")


def window(panel):
    """The set-up's window, once it is on the screen."""
    found = panel.setup._window
    return found if found is not None and found.isVisible() else None


class Driver(Extension):
    """Goes through the visit once there is a window, and then ends Krita."""

    def setup(self):
        self._visit = {"import": import_zip, "paint": paint}[os.environ["NST_VISIT"]]()
        self._awaited, self._since = None, 0.0

    def createActions(self, window):  # noqa: N802 - Krita calls it
        self._timer = QtCore.QTimer()
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._tick)
        QtCore.QTimer.singleShot(3000, self._timer.start)

    def _tick(self):
        try:
            if self._awaited is None or self._awaited():
                self._awaited, self._since = next(self._visit), time.monotonic()
            elif time.monotonic() - self._since > PATIENCE:
                raise TimeoutError("it never came true")
        except StopIteration as end:
            self._end(end.value)
        except BaseException:
            shot("crashed")
            self._end({"crashed": traceback.format_exc()})

    def _end(self, facts):
        self._timer.stop()
        (FOLDER / "facts.json").write_text(json.dumps(facts))
        for document in Krita.instance().documents():
            document.setModified(False)
        Krita.instance().action("file_quit").trigger()


Krita.instance().addExtension(Driver(Krita.instance()))
