"""Regions: a part with a style of its own, a part that stays as it is, and the rest."""

import os

from krita import Krita

from .person import made_of, painted, panel, undo
from .pictures import moment, names, photo, select, settled, told


def regions(folder, apart=False, rest_kept=False, feather=0):
    """The left part was selected, and gets its own style; a hidden layer's shape at the right is kept.

    With `feather` both are soft, and the shape is in the left part where the rest is kept. Then there is no
    other style than the region's.
    """
    from neural_style.places import place_of, selected_place

    here = panel()
    document = yield from photo()
    layer = document.activeNode()
    here.controls.reset()
    here.regions.clear()
    select(document, 0, 0, 40, 72, feather=feather)
    facts = {"before": told(folder, layer, "before"), "offered": _offered(here)}
    first = here.regions.add(selected_place(1))
    Krita.instance().action("deselect").trigger()
    document.waitForDone()
    here.controls.choose(style=os.environ["NST_STYLE"], second_style="")
    facts["no style"] = [here.paint_button.isEnabled(), here.paint_button.toolTip()]
    first.painting.choose(os.environ["NST_SECOND"])
    if rest_kept:
        here.regions.rest.setCurrentIndex(1)
    if feather or not rest_kept:
        shape = document.createNode("shape", "paintlayer")
        pixel = b"\0\0\0\x80" if feather else b"\0\0\0\xff"
        shape.setPixelData(pixel * (30 * 30), 20 if rest_kept else 66, 0, 30, 30)
        document.rootNode().addChildNode(shape, None)
        shape.setVisible(False)
        yield from settled(document, layer)
        here.regions.add(place_of(shape)).keep.setChecked(True)
    here.regions.apart.setChecked(apart)
    facts["names_before"] = names(document)
    facts["message"] = yield from painted(strength=0.9, style="" if rest_kept else os.environ["NST_STYLE"])
    yield from moment(1)
    facts["names"] = names(document)
    made = made_of(document, layer)
    facts["type"] = made.type()
    if not apart:
        facts["made"] = told(folder, made, "made")
    document.refreshProjection()
    document.waitForDone()
    image = document.projection(0, 0, 96, 72)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    (folder / "looks").write_bytes(bytes(bits))
    undo()
    yield from moment()
    facts["names_undone"] = names(document)
    here.regions.clear()
    document.setModified(False)
    document.close()
    return facts


def _offered(here):
    here.regions.fill()
    return [action.text() for action in here.regions.menu.actions() if action.text()]
