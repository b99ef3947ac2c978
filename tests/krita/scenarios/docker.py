"""The docker itself."""

import itertools
import os

from neural_style.nst_client.region import Rectangle
from neural_style.places import place_of, selected_place
from neural_style.qt import QtGui, QtWidgets

from krita import Krita

from .person import made_of, painted, panel
from .pictures import moment, photo, select, settled, xcf


def offers(folder):
    """The docker offers what the engine has told of itself."""
    here = panel()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: here.painter.live.hello is not None
    hello = here.painter.live.hello
    boxes = {"devices": here.controls.device, "models": here.controls.model}
    facts = {name: [box.itemText(n) for n in range(box.count())] for name, box in boxes.items()}
    told = type(hello)(**{**vars(hello), "devices": ["cpu", "openvino", "cuda:1"]})
    here.controls.choose(device="cpu")
    here.painter.engine_ready.emit(told)
    box = boxes["devices"]
    facts["more"], facts["still"] = [box.itemText(n) for n in range(box.count())], box.currentText()
    here.controls.choose(device="openvino")
    facts["asked"] = here.controls.request()["device"]
    facts["hello"] = {"devices": hello.devices, "models": [model["name"] for model in hello.models]}
    return facts


def menu(folder):
    """The entry in the menu brings the docker."""
    docker = next(d for d in Krita.instance().dockers() if d.objectName() == "neural_style")
    docker.hide()
    yield lambda: not docker.isVisible()
    Krita.instance().action("neural_style").trigger()
    yield lambda: docker.isVisible()
    return {"text": Krita.instance().action("neural_style").text()}


def looks(folder):
    """The docker shows the layer in one pass as soon as a style is chosen, and follows the controls."""
    here = panel()
    document = yield from photo()
    here.looks.live.clear()
    here.controls.reset()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: _shown(here) is not None and not here.painter.live.busy
    first = _shown(here)
    facts = {"size": [first.width(), first.height()], "visible": here.looks.live.isVisible()}
    here.controls.choose(style_scale=0.3)
    yield lambda: _shown(here) != first
    facts["follows"] = True
    wrong = folder / "note.png"
    wrong.write_text("not a picture")
    here.controls.choose(style=str(wrong))
    yield lambda: here.looks.live.text() != ""
    facts["text"] = here.looks.live.text()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: here.looks.live.text() == ""
    yield lambda: not here.painter.live.busy
    yield from _paint_and_cancel(here, facts)
    here.regions.add(place_of(document.activeNode()))
    facts["missing"] = [here.paint_button.isEnabled(), here.paint_button.toolTip()]
    here.regions.clear()
    _close(document)
    return facts


def _paint_and_cancel(here, facts):
    """Press Paint; tell the sizes of the picture shown at once, and of the live preview before."""
    before = here.looks.live.pixmap()
    facts["live"] = [before.width(), before.height()]
    here.paint_button.click()
    at_once = here.preview.pixmap()
    facts["at once"] = [at_once.width(), at_once.height()]
    here.cancel_button.click()
    yield lambda: not here.painter.busy


def again(folder):
    """The settings of a painting are offered where its layer is active, and its source is painted again.

    Its regions are the same again: what was selected then, and a layer.
    """
    here = panel()
    document = yield from photo()
    layer = document.activeNode()
    here.regions.clear()
    select(document, 10, 20, 30, 40)
    for chosen in (selected_place(1), place_of(layer)):
        here.regions.add(chosen).painting.choose(os.environ["NST_SECOND"])
    here.regions.rows[0].strength.setValue(0.25)
    here.regions.rest.setCurrentIndex(1)
    Krita.instance().action("deselect").trigger()
    document.waitForDone()
    facts = {"regions": [here.regions.stored()], "offered": []}
    facts["message"] = yield from painted(strength=0.75)
    made = made_of(document, layer)
    here.controls.reset()
    here.regions.clear()
    for node in (layer, made):
        yield from settled(document, node)
        here.look()
        facts["offered"].append(not here.again_button.isHidden())
    here.again_button.click()
    yield from moment()
    facts["regions"].append(here.regions.stored())
    facts["selected"] = list(here.regions.rows[0].chosen().place.mask(document, Rectangle(0, 0, 96, 72)))
    here.regions.clear()
    facts["strength"], facts["active"] = here.controls.strength.value(), document.activeNode().name()
    here.look()
    yield lambda: "About" in here.looks.announcement.text()
    facts["announced"] = here.looks.announcement.text()
    _close(document)
    return facts


def more(folder):
    """More is open from the start where something in it was chosen last time."""
    here = panel()
    facts = {"open": []}
    for size in (0, 500):
        here.controls.reset()
        here.controls.choose(size=size)
        here.controls.remember()
        facts["open"].append(type(here.controls)().opener.isChecked())
    here.controls.reset()
    here.controls.remember()
    yield from moment()
    return facts


def strip(folder):
    """Six pictures in three strengths and three stroke sizes, to click on; and a spot of the preview."""
    here = panel()
    document = yield from photo(1200, 900)
    here.controls.reset()
    here.controls.choose(style=os.environ["NST_STYLE"])
    here.looks.refresh()
    buttons = here.looks.strip.buttons
    yield lambda: all(not button.icon().isNull() for button in buttons.values())
    pictures = [button.icon().pixmap(88, 58).toImage() for button in buttons.values()]
    facts = {"differ": sum(one != other for one, other in itertools.pairwise(pictures))}
    buttons["strength", 0.9].click()
    buttons["style_scale", 2.0].click()
    facts["chosen"] = [here.controls.strength.value(), here.controls.style_scale.value()]
    here.controls.reset()
    yield lambda: not here.painter.live.busy
    whole = _shown(here)
    here.looks.live.clicked.emit(0.5, 0.5)
    yield lambda: not here.painter.live.busy and _shown(here) != whole
    view = here.looks._looked_at
    facts["spot"] = [view.content.width, view.content.height, view.request["options"]["style_scale"]]
    here.looks.live.clicked.emit(0.1, 0.1)
    yield lambda: not here.painter.live.busy
    facts["whole"] = here.looks._looked_at.request["options"]["style_scale"]
    here.controls.choose(size=400)
    select(document, 400, 300, 400, 300)
    here.looks.live.clicked.emit(0.5, 0.5)
    selected = here.looks._looked_at.content
    Krita.instance().action("deselect").trigger()
    document.waitForDone()
    here.looks.refresh()
    facts["as without a selection"] = here.looks._looked_at.content == selected
    here.looks.live.clicked.emit(0.1, 0.1)
    here.controls.reset()
    yield lambda: not here.painter.live.busy
    _close(document)
    return facts


def styles(folder):
    """Styles from a layer, a document, the clipboard, a KRA file and an XCF file; those used last."""
    here = panel()
    here.controls.reset()
    document = yield from photo()
    document.activeNode().setName("of mine")
    facts = {"paths": {}, "sizes": {}}
    QtWidgets.QApplication.clipboard().setImage(QtGui.QImage(os.environ["NST_STYLE"]).scaled(40, 30))
    drawing = folder / "drawing.kra"
    document.saveAs(str(drawing))
    document.waitForDone()
    (folder / "drawing.xcf").write_bytes(xcf())
    menu = here.controls.first.menu
    for name, entry in (
        ("layer", ["Layer of this document", "of mine"]),
        ("document", ["Open document", "drawing.kra"]),
        ("clipboard", ["Clipboard"]),
    ):
        menu.fill()
        _entry(menu, *entry).trigger()
        facts["paths"][name] = here.controls.request()["styles"][0]
    for suffix in ("kra", "xcf"):
        here.controls.choose(style=str(folder / f"drawing.{suffix}"))
        facts["paths"][suffix] = here.controls.request()["styles"][0]
    facts["xcf"] = yield from painted(style=str(folder / "drawing.xcf"))
    facts["version"] = Krita.instance().version()
    for name, path in facts["paths"].items():
        picture = QtGui.QImage(path)
        facts["sizes"][name] = [picture.width(), picture.height()]
    facts["message"] = yield from painted(style=facts["paths"]["layer"])
    menu.fill()
    facts["recent"] = menu.actions()[0].text()
    facts["thumbnail"] = not menu.actions()[0].icon().isNull()
    menu.gallery = [str(folder / "nothing.nst")]
    menu.fill()
    _entry(menu, "Gallery: learned styles, in one pass", "nothing")
    here.controls.choose(style=str(folder / "gone.png"))
    here.paint_button.click()
    facts["gone"] = here.message.text()
    _close(document)
    return facts


def _entry(menu, *texts):
    """Return the entry of a menu, and of its submenus, with these texts."""
    entry = next(action for action in menu.actions() if action.text() == texts[0])
    return _entry(entry.menu(), *texts[1:]) if texts[1:] else entry


def _close(document):
    document.setModified(False)
    document.close()


def _shown(here):
    """Return the picture that the docker shows, or None."""
    pixmap = here.looks.live.pixmap()
    return None if pixmap is None or pixmap.isNull() else pixmap.toImage()
