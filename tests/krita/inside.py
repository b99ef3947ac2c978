"""What the tests have Krita do. This runs in Krita's own Python, as a plug-in of Krita's (see conftest.py).

Each scenario is a generator: it yields what must come true before it goes on, while Krita's main loop runs.
It gets a folder to write pixels into, and returns facts that JSON can carry.
"""

import faulthandler
import json
import os
import signal
import time
import traceback
from pathlib import Path

from neural_style.qt import QtCore, QtGui

from krita import Extension, Krita, Selection

faulthandler.enable()
PATIENCE = 120
QUICK = {"quality": "fast", "size": 64, "model": "compact", "device": "cpu"}
PHOTO, STYLE, SECOND = (os.environ[f"NST_{name}"] for name in ("PHOTO", "STYLE", "SECOND"))


# ---- pictures, and what is in them


def photo(width=96, height=72, space=None):
    """Show the photo, small, in a colour space."""
    krita = Krita.instance()
    image = QtGui.QImage(PHOTO).scaled(width, height).convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    document = krita.createDocument(width, height, "photo", "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 100.0)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    document.topLevelNodes()[0].setPixelData(bytes(bits), 0, 0, width, height)
    if space is not None:
        document.setColorSpace(*space)
        document.waitForDone()
    krita.activeWindow().addView(document)
    krita.setActiveDocument(document)
    yield from settled(document, document.topLevelNodes()[0])
    return document


def settled(document, layer):
    """Select a layer, once Krita's Layers docker knows it."""
    document.refreshProjection()
    document.waitForDone()
    yield from moment()
    document.setActiveNode(layer)
    yield lambda: document.activeNode() == layer


def moment(seconds=0.3):
    end = time.monotonic() + seconds
    yield lambda: time.monotonic() > end


def told(folder, layer, name):
    """Write a layer's pixels as they are stored; return what kind of layer it is."""
    bounds = layer.bounds()
    sides = [bounds.x(), bounds.y(), bounds.width(), bounds.height()]
    (folder / name).write_bytes(bytes(layer.pixelData(*sides)))
    return {
        "name": layer.name(),
        "type": layer.type(),
        "bounds": sides,
        "space": [layer.colorModel(), layer.colorDepth(), layer.colorProfile()],
    }


def names(document):
    return [node.name() for node in document.topLevelNodes()]


def select(document, x, y, width, height, feather=0):
    selection = Selection()
    selection.select(x, y, width, height, 255)
    if feather:
        selection.feather(feather)
    document.setSelection(selection)
    document.waitForDone()


# ---- what a person does


def panel():
    for docker in Krita.instance().dockers():
        if docker.objectName() == "neural_style":
            return docker.panel if hasattr(docker, "panel") else docker.widget()
    raise LookupError("there is no docker")


def undo():
    Krita.instance().action("edit_undo").trigger()
    Krita.instance().activeDocument().waitForDone()


def painted(**settings):
    """Choose settings, press Paint, and wait for the end; the message is returned."""
    here = panel()
    here.controls.reset()
    here.controls.choose(**{"style": STYLE, "second_style": "", **QUICK, **settings})
    here.paint_button.click()
    yield lambda: not here.painter.busy
    return here.message.text()


def begun(here):
    return here.keep_button.isEnabled()


# ---- scenarios


def whole_layer(folder, **settings):
    document = yield from photo()
    layer = document.activeNode()
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    facts["message"] = yield from painted(**settings)
    facts["after"] = told(folder, layer, "after")
    facts["names"] = names(document)
    facts["made"] = told(folder, document.activeNode(), "made")
    undo()
    facts["names_undone"] = names(document)
    Krita.instance().action("edit_redo").trigger()
    document.waitForDone()
    facts["names_redone"] = names(document)
    facts["redone"] = told(folder, document.topLevelNodes()[-1], "redone")
    facts["documents"] = [d.name() for d in Krita.instance().documents() if d.name() == "nst-onnx"]
    return facts


def two_styles(folder):
    return (yield from whole_layer(folder, second_style=SECOND, second_share=0.3))


def selection(folder, space=None, clear=False):
    """A layer that lies askew on a larger canvas, of which a feathered rectangle is selected."""
    document = yield from photo(space=space)
    layer = document.activeNode()
    if clear:
        hole = bytes(len(bytes(layer.pixelData(0, 0, 60, 20))))
        layer.setPixelData(hole, 0, 0, 60, 20)
    document.resizeImage(-15, 9, 130, 100)
    document.waitForDone()
    select(document, 35, 20, 50, 40, feather=5)
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    x, y, width, height = facts["before"]["bounds"]
    (folder / "mask").write_bytes(bytes(document.selection().pixelData(x, y, width, height)))
    facts["message"] = yield from painted()
    facts["after"] = told(folder, layer, "after")
    facts["names"] = names(document)
    facts["made"] = told(folder, document.activeNode(), "made")
    return facts


def selection_in(folder, model, depth, profile, clear=False):
    profiles = Krita.instance().profiles(model, depth)
    chosen = profile if profile in profiles else profiles[0]
    return (yield from selection(folder, (model, depth, chosen), clear))


def group(folder):
    document = yield from photo()
    layer = document.activeNode()
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    layer.remove()
    group.addChildNode(layer, None)
    yield from settled(document, group)
    document.refreshProjection()
    document.waitForDone()
    facts = {"message": (yield from painted()), "names": names(document)}
    facts["made"] = told(folder, document.activeNode(), "made")
    return facts


def _interrupted(folder, act, **settings):
    document = yield from photo(480, 360)
    layer = document.activeNode()
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    here = panel()
    here.controls.choose(style=STYLE, **{**QUICK, "quality": "best", "size": 480, **settings})
    here.paint_button.click()
    yield lambda: begun(here)
    started = time.monotonic()
    act(here)
    yield lambda: not here.painter.busy
    facts["seconds"] = time.monotonic() - started
    facts["message"] = here.message.text()
    facts["names"] = names(document)
    facts["after"] = told(folder, layer, "after")
    yield from moment(2)
    facts["files_left"] = [file.name for worker in _folders() for file in worker.iterdir()]
    document = yield from photo()
    facts["next"] = yield from painted()
    facts["names_next"] = names(document)
    return facts


def cancelled(folder):
    return (yield from _interrupted(folder, lambda here: here.cancel_button.click()))


def kept(folder):
    return (yield from _interrupted(folder, lambda here: here.keep_button.click()))


def worker_killed(folder):
    return (yield from _interrupted(folder, lambda _: [os.kill(n, signal.SIGKILL) for n in _workers()]))


def layer_deleted(folder):
    document = yield from photo(480, 360)
    extra = document.createNode("extra", "paintlayer")
    document.rootNode().addChildNode(extra, None)
    yield from settled(document, document.topLevelNodes()[0])
    here = panel()
    here.controls.choose(style=STYLE, **{**QUICK, "quality": "best", "size": 480})
    here.paint_button.click()
    yield lambda: begun(here)
    document.topLevelNodes()[0].remove()
    here.keep_button.click()
    yield lambda: not here.painter.busy
    facts = {"message": here.message.text(), "names": names(document)}
    return facts


def refusals(folder):
    """Everything that cannot be painted: what is said, and that nothing has changed."""
    answers = {"no picture": (yield from painted())}
    document = yield from photo()
    answers["style is gone"] = yield from painted(style="/nowhere/painting.jpg")
    answers["style is no picture"] = yield from painted(style=__file__)
    answers["no such model"] = yield from painted(model="vgg99")
    answers["no such device"] = yield from painted(device="abacus")
    layer = document.activeNode()
    mask = document.createTransparencyMask("mask")
    layer.addChildNode(mask, None)
    yield from settled(document, mask)
    answers["a mask"] = yield from painted()
    yield from settled(document, layer)
    mask.remove()
    empty = document.createNode("empty", "paintlayer")
    document.rootNode().addChildNode(empty, None)
    yield from settled(document, empty)
    document.waitForDone()
    answers["an empty layer"] = yield from painted()
    yield from settled(document, layer)
    empty.remove()
    document.resizeImage(0, 0, 200, 72)
    select(document, 120, 10, 20, 20)
    answers["selection elsewhere"] = yield from painted()
    facts = {"answers": answers, "names": names(document)}
    return facts


def engine_missing(folder, kind):
    """The engine is gone when a person wants to paint; then it is there again."""
    document = yield from photo()
    here = panel()
    here.painter.close()
    file = Path(os.environ["NST_PLUGIN"]) / "engine.json"
    good = file.read_text()
    facts = {"names_before": names(document)}
    try:
        if kind == "file":
            file.unlink()
        else:
            command = ["/gone/bin/python"] if kind == "python" else ["/bin/false"]
            file.write_text(json.dumps({**json.loads(good), "command": command}))
        facts["message"] = yield from painted()
        facts["names"] = names(document)
    finally:
        file.write_text(good)
    here.painter.close()
    facts["next"] = yield from painted()
    return facts


def menu(folder):
    """The entry in the menu brings the docker."""
    docker = next(d for d in Krita.instance().dockers() if d.objectName() == "neural_style")
    docker.hide()
    yield lambda: not docker.isVisible()
    Krita.instance().action("neural_style").trigger()
    yield lambda: docker.isVisible()
    return {"text": Krita.instance().action("neural_style").text()}


# ---- what there is on this computer


def _workers():
    """Return the process numbers of the workers that this Krita started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if b"nst_onnx.worker" in words and parent == os.getpid():
                found.append(int(entry.name))
    return found


def _folders():
    return [path for path in Path(os.environ["TMPDIR"]).glob("nst-onnx-*") if path.is_dir()]


# ---- going through it


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
                raise TimeoutError("it never came true")
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
        self._current = globals()[function](self._place, **arguments)
        self._awaited = None

    def _tell(self, facts):
        (self._place / "facts.json").write_text(json.dumps(facts))
        self._current = None


Krita.instance().addExtension(Driver(Krita.instance()))
