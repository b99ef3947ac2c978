"""Documents for the scenarios, and what is in them."""

import os
import struct
import time

from neural_style.qt import QtGui

from krita import Krita, Selection


def xcf(width=40, height=30, colour=(200, 40, 20)):
    """Return a file of GIMP's with one layer, which is one tile of a colour, not compressed."""

    def words(*values):
        return struct.pack(f">{len(values)}I", *values)

    magic, name, end = b"gimp xcf file\0", b"layer\0", words(0, 0)
    head = magic + words(width, height, 0) + words(17, 1) + b"\0" + end
    layer_at = len(head) + 12
    properties = words(6, 4, 255) + words(8, 4, 1) + words(7, 4, 0) + words(15, 8, 0, 0) + end
    layer = words(width, height, 0, len(name)) + name + properties
    hierarchy_at = layer_at + len(layer) + 8
    level_at, tile_at = hierarchy_at + 20, hierarchy_at + 36
    return b"".join(
        (
            head,
            words(layer_at, 0, 0),
            layer,
            words(hierarchy_at, 0),
            words(width, height, 3, level_at, 0),
            words(width, height, tile_at, 0),
            bytes(colour) * (width * height),
        )
    )


def photo(width=96, height=72, space=None, path=None):
    """Show the photo, or another one, small, in a colour space."""
    krita = Krita.instance()
    image = (
        QtGui.QImage(path or os.environ["NST_PHOTO"])
        .scaled(width, height)
        .convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    )
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


def select(document, x, y, width, height, feather=0):
    selection = Selection()
    selection.select(x, y, width, height, 255)
    if feather:
        selection.feather(feather)
    document.setSelection(selection)
    document.waitForDone()


def askew(folder, space=None, clear=False):
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
    return document, layer, facts


def told(folder, layer, name):
    """Write a layer's pixels as they are stored; return what kind of layer it is.

    Only of a layer in a document: Krita is no longer sure how large one is that was removed from it.
    """
    bounds = layer.bounds()
    sides = [bounds.x(), bounds.y(), bounds.width(), bounds.height()]
    (folder / name).write_bytes(bytes(layer.pixelData(*sides)))
    return {
        "name": layer.name(),
        "type": layer.type(),
        "looks": [
            layer.colorLabel(),
            layer.opacity(),
            layer.blendingMode(),
            layer.alphaLocked(),
            layer.visible(),
        ],
        "bounds": sides,
        "space": [layer.colorModel(), layer.colorDepth(), layer.colorProfile()],
    }


def names(document):
    """Return the names of all layers from the bottom, those in a group after it.

    Krita 6 keeps what was selected as a layer, at times.
    """

    def below(nodes):
        layers = [node for node in nodes if node.type() != "selectionmask"]
        return [name for node in layers for name in (node.name(), *below(node.childNodes()))]

    return below(document.topLevelNodes())


def known(space):
    """Return the space, in another profile where this Krita does not have that one."""
    if space is None:
        return None
    model, depth, profile = space
    profiles = Krita.instance().profiles(model, depth)
    return model, depth, profile if profile in profiles else profiles[0]
