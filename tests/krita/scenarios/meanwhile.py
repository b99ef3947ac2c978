"""What a person may do while a painting is being made."""

from neural_style.qt import QtWidgets

from krita import Krita

from .person import finish, made_of, painted, start
from .pictures import askew, moment, names, photo, select, settled, told


def changed_meanwhile(folder, **settings):
    """The layer is painted over and moved, and something else is selected."""
    document, layer, facts = yield from askew(folder)
    here = yield from start(**settings)
    layer.setPixelData(bytes([1, 2, 3, 255]) * 900, 40, 25, 30, 30)
    layer.move(layer.position().x() + 20, layer.position().y() + 7)
    select(document, 0, 0, 12, 12)
    facts["between"] = told(folder, layer, "between")
    facts["message"] = yield from finish(here)
    facts["after"] = told(folder, layer, "after")
    facts["names"] = names(document)
    facts["made"] = told(folder, made_of(document, layer), "made")
    return facts


def locked_meanwhile(folder, **settings):
    document, layer, facts = yield from askew(folder)
    here = yield from start(**settings)
    layer.setLocked(True)
    facts["message"] = yield from finish(here)
    facts["after"] = told(folder, layer, "after")
    facts["names"] = names(document)
    facts["made"] = told(folder, made_of(document, layer), "made")
    return facts


def other_layer_meanwhile(folder, **settings):
    """Another layer is the active one at the end."""
    document, layer, facts = yield from askew(folder)
    here = yield from start(**settings)
    other = document.createNode("other", "paintlayer")
    document.rootNode().addChildNode(other, None)
    yield from settled(document, other)
    facts["message"] = yield from finish(here)
    facts["names"] = names(document)
    facts["made"] = told(folder, document.topLevelNodes()[0], "made")
    facts["before_is_gone"] = document.nodeByUniqueID(layer.uniqueId()) is None
    return facts


def other_picture_meanwhile(folder, **settings):
    """Another picture is looked at at the end; then the person comes back."""
    document, layer, facts = yield from askew(folder)
    here = yield from start(**settings)
    other = yield from photo()
    here.keep_button.click()
    yield lambda: "look at its picture" in here.status.text()
    yield from moment(1)
    facts["busy"] = here.painter.busy
    facts["other"] = names(other)
    facts["waiting"] = told(folder, layer, "waiting")
    area = Krita.instance().activeWindow().qwindow().findChild(QtWidgets.QMdiArea)
    for _ in area.subWindowList():
        if Krita.instance().activeDocument() != document:
            area.activatePreviousSubWindow()
            yield from moment()
    yield lambda: not here.painter.busy
    facts["message"], facts["names"] = here.message.text(), names(document)
    facts["made"] = told(folder, document.topLevelNodes()[0], "made")
    return facts


def layer_deleted(folder):
    document = yield from photo(480, 360)
    extra = document.createNode("extra", "paintlayer")
    document.rootNode().addChildNode(extra, None)
    yield from settled(document, document.topLevelNodes()[0])
    here = yield from start()
    document.topLevelNodes()[0].remove()
    yield lambda: not here.painter.busy
    facts = {"message": here.message.text(), "names": names(document)}
    yield from photo()
    facts["next"] = yield from painted()
    return facts


def picture_closed(folder, **settings):
    document = yield from photo(480, 360)
    facts = {"before": told(folder, document.activeNode(), "before")}
    here = yield from start(**settings)
    document.setModified(False)
    document.close()
    if settings:
        here.keep_button.click()
    yield lambda: not here.painter.busy
    facts["message"] = here.message.text()
    if settings:
        made = Krita.instance().activeDocument()
        facts["made"] = told(folder, made.topLevelNodes()[0], "made")
    yield from photo()
    facts["next"] = yield from painted()
    return facts
