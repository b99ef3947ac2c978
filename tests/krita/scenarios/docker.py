"""The docker itself."""

import os

from krita import Krita

from .person import made_of, painted, panel
from .pictures import moment, photo, settled


def offers(folder):
    """The docker offers what the engine has told of itself."""
    here = panel()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: here.painter._hello is not None
    hello = here.painter._hello
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
    here.live.clear()
    here.controls.reset()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: _shown(here) is not None and not here.painter._live.busy
    first = _shown(here)
    facts = {"size": [first.width(), first.height()], "visible": here.live.isVisible()}
    here.controls.choose(style_scale=0.3)
    yield lambda: _shown(here) != first
    facts["follows"] = True
    wrong = folder / "note.png"
    wrong.write_text("not a picture")
    here.controls.choose(style=str(wrong))
    yield lambda: here.live.text() != ""
    facts["text"] = here.live.text()
    here.controls.choose(style=os.environ["NST_STYLE"])
    yield lambda: here.live.text() == ""
    document.setModified(False)
    document.close()
    return facts


def again(folder):
    """The settings of a painting are offered where its layer is active, and its source is painted again."""
    here = panel()
    document = yield from photo()
    layer = document.activeNode()
    facts = {"message": (yield from painted(strength=0.75)), "offered": []}
    made = made_of(document, layer)
    here.controls.reset()
    for node in (layer, made):
        yield from settled(document, node)
        here.look()
        facts["offered"].append(not here.again_button.isHidden())
    here.again_button.click()
    yield from moment()
    facts["strength"], facts["active"] = here.controls.strength.value(), document.activeNode().name()
    here.look()
    yield lambda: "About" in here.announcement.text()
    facts["announced"] = here.announcement.text()
    document.setModified(False)
    document.close()
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


def _shown(here):
    """Return the picture that the docker shows, or None."""
    pixmap = here.live.pixmap()
    return None if pixmap is None or pixmap.isNull() else pixmap.toImage()
