"""The docker itself."""

import os

from krita import Krita

from .person import panel


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
