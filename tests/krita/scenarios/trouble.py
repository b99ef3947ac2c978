"""What cannot be painted, and paintings that end early: what is said, and what is left of them."""

import json
import os
import signal
import time
from pathlib import Path

from .engine import folders, workers
from .person import painted, panel, start
from .pictures import moment, names, photo, select, settled, told


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
    answers["a layer with a mask to be replaced"] = yield from painted(output="replace")
    mask.remove()
    layer.setLocked(True)
    answers["a locked layer to be replaced"] = yield from painted(output="replace")
    layer.setLocked(False)
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
            changes = {
                "python": {"command": ["/gone/bin/python"]},
                "false": {"command": ["/bin/false"]},
                "version": {"version": "0.0.1"},
            }
            file.write_text(json.dumps({**json.loads(good), **changes[kind]}))
        facts["message"] = yield from painted()
        facts["names"] = names(document)
    finally:
        file.write_text(good)
    here.painter.close()
    facts["next"] = yield from painted()
    return facts


def cancelled(folder):
    return (yield from _interrupted(folder, lambda here: here.cancel_button.click()))


def kept(folder):
    return (yield from _interrupted(folder, lambda here: here.keep_button.click()))


def worker_killed(folder):
    return (yield from _interrupted(folder, lambda _: [os.kill(n, signal.SIGKILL) for n in workers()]))


def _interrupted(folder, act):
    document = yield from photo(480, 360)
    layer = document.activeNode()
    facts = {"before": told(folder, layer, "before"), "names_before": names(document)}
    here = yield from start()
    yield lambda: "pixels" in here.keep_button.text()
    facts["keep"] = here.keep_button.text()
    started = time.monotonic()
    act(here)
    yield lambda: not here.painter.busy
    facts["seconds"] = time.monotonic() - started
    facts["message"] = here.message.text()
    facts["names"] = names(document)
    facts["after"] = told(folder, layer, "after")
    yield from moment(2)
    facts["files_left"] = [file.name for worker in folders() for file in worker.iterdir()]
    document = yield from photo()
    facts["next"] = yield from painted()
    facts["names_next"] = names(document)
    return facts
