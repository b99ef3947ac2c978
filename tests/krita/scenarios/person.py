"""What a person does: press buttons of the docker."""

import os

from krita import Krita

from .pictures import moment, names, told

QUICK = {"quality": "fast", "size": 64, "model": "compact", "device": "cpu"}


def panel():
    for docker in Krita.instance().dockers():
        if docker.objectName() == "neural_style":
            return docker.panel if hasattr(docker, "panel") else docker.widget()
    raise LookupError("there is no docker")


def state():
    """Return what the docker is at: for the message where something never comes true."""
    painter = panel().painter
    engine = getattr(painter._engine, "_engine", None)
    connection = getattr(engine, "_connection", None)
    names = ("busy", "_outcome", "_monitor", "_writing")
    return {
        **{name: bool(getattr(painter, name)) for name in names},
        "timer": painter._timer.isActive(),
        "hello": painter.live.hello is not None,
        "running": bool(engine and engine.running),
        "error": str(getattr(connection, "_error", None)),
        "log": getattr(getattr(connection, "process", None), "log", "")[-500:],
        "message": panel().message.text(),
        "status": panel().status.text(),
    }


def undo():
    _when_idle("edit_undo")


def redo():
    _when_idle("edit_redo")


def _when_idle(action):
    """Choose an action that Krita ignores while it still computes the picture."""
    document = Krita.instance().activeDocument()
    document.waitForDone()
    Krita.instance().action(action).trigger()
    document.waitForDone()


def painted(**settings):
    """Choose settings, press Paint, and wait for the end; the message is returned."""
    here = _pressed(**settings)
    yield lambda: not here.painter.busy
    return here.message.text()


def outcome(folder, document, layer, **settings):
    """Paint; return what has become of the layer, and what was made."""
    facts = {"message": (yield from painted(**settings)), "names": names(document)}
    yield from moment()
    if document.nodeByUniqueID(layer.uniqueId()) is not None:
        facts["after"] = told(folder, layer, "after")
    facts["made"] = told(folder, made_of(document, layer), "made")
    return facts


def made_of(document, layer):
    """Return the painting: the layer above `layer`, or the one that has replaced it."""
    if document.nodeByUniqueID(layer.uniqueId()) is None:
        return document.activeNode()
    beside = layer.parentNode().childNodes()
    place = [node.uniqueId() for node in beside].index(layer.uniqueId())
    return beside[place + 1] if place + 1 < len(beside) else layer


def start(**settings):
    """Press Paint for a painting that takes long, and wait until it can be kept."""
    here = _pressed(**{"quality": "best", "size": 256, **settings})
    yield lambda: here.keep_button.isEnabled()
    return here


def finish(here):
    here.keep_button.click()
    yield lambda: not here.painter.busy
    return here.message.text()


def _pressed(**settings):
    here = panel()
    here.controls.reset()
    here.controls.choose(**{"style": os.environ["NST_STYLE"], "second_style": "", **QUICK, **settings})
    here.paint_button.click()
    return here
