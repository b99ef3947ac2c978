"""Layers of every kind, painted."""

import os
import signal

from krita import Krita

from .engine import workers
from .person import made_of, outcome, painted, panel, redo, undo
from .pictures import askew, known, moment, names, photo, select, settled, told


def whole_layer(folder, **settings):
    document = yield from photo()
    return (yield from _painted_and_undone(folder, document, **settings))


def two_styles(folder):
    return (yield from whole_layer(folder, second_style=os.environ["NST_SECOND"], second_share=0.3))


def with_properties(folder, **settings):
    """A layer that is not as layers are at first."""
    document = yield from photo()
    layer = document.activeNode()
    layer.setColorLabel(3)
    layer.setOpacity(200)
    layer.setBlendingMode("multiply")
    layer.setAlphaLocked(True)
    layer.setVisible(False)
    yield from moment()
    return (yield from _painted_and_undone(folder, document, **settings))


def in_a_group(folder, **settings):
    """A layer between two others in a group."""
    document = yield from photo()
    layer = document.activeNode()
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    layer.remove()
    for node in (
        document.createNode("below", "paintlayer"),
        layer,
        document.createNode("above", "paintlayer"),
    ):
        group.addChildNode(node, (group.childNodes() or [None])[-1])
    yield from settled(document, layer)
    return (yield from _painted_and_undone(folder, document, **settings))


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
    facts["made"] = told(folder, made_of(document, group), "made")
    return facts


def _painted_and_undone(folder, document, **settings):
    layer = document.activeNode()
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    facts.update((yield from outcome(folder, document, layer, **settings)))
    facts["active"] = document.activeNode().name()
    made = made_of(document, layer).uniqueId()
    undo()
    yield from moment()
    facts["names_undone"] = names(document)
    facts["undone"] = told(folder, document.nodeByUniqueID(layer.uniqueId()), "undone")
    redo()
    facts["names_redone"] = names(document)
    facts["redone"] = told(folder, document.nodeByUniqueID(made), "redone")
    facts["documents"] = [d.name() for d in Krita.instance().documents() if d.name() == "nst-onnx"]
    return facts


def selection(folder, space=None, clear=False, **settings):
    document, layer, facts = yield from askew(folder, known(space), clear)
    facts.update((yield from outcome(folder, document, layer, **settings)))
    return facts


def new_document(folder, space=None):
    before = len(Krita.instance().documents())
    document, layer, facts = yield from askew(folder, known(space))
    facts["message"] = yield from painted(output="new-document")
    facts["after"] = told(folder, layer, "after")
    facts["names"] = names(document)
    facts["documents"] = len(Krita.instance().documents()) - before
    made = Krita.instance().activeDocument()
    facts["is_seen"] = made != document
    facts["made_name"], facts["size"] = made.name(), [made.width(), made.height()]
    facts["made"] = told(folder, made.topLevelNodes()[0], "made")
    facts["made_names"], facts["ppi"] = names(made), [document.xRes(), made.xRes()]
    return facts


def large(folder):
    """A layer of more pixels than are put at once; the engine is killed when it has done its part."""
    here, killed = panel(), []

    def kill_at_the_end(_fraction, text):
        if text == "Finishing…" and not killed:
            killed.extend(workers())
            for worker in killed:
                os.kill(worker, signal.SIGKILL)

    here.painter.progressed.connect(kill_at_the_end)
    document = yield from photo(1600, 1200)
    layer = document.activeNode()
    select(document, 40, 30, 1500, 1100, feather=5)
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    (folder / "mask").write_bytes(bytes(document.selection().pixelData(0, 0, 1600, 1200)))
    facts.update((yield from outcome(folder, document, layer)))
    here.painter.progressed.disconnect(kill_at_the_end)
    facts["killed"] = len(killed)
    return facts
