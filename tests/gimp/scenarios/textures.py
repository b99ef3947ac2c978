"""Textures without a photo."""

import os

from gi.repository import Gimp, Gio

from .pictures import photo, told

NAME = "plug-in-nst-onnx-texture"


def _made(**settings):
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("style", Gio.File.new_for_path(os.environ["NST_STYLE"]))
    for name, value in {"width": 64, "height": 48, "model": "compact", **settings}.items():
        if name == "drawables":
            config.set_core_object_array(name, value)
        else:
            config.set_property(name, value)
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        return Gimp.get_pdb().get_last_error(), None, None
    return "", result.index(1), result.index(2)


def texture(folder):
    message, image, layer = _made(seamless=True)
    if message:
        return {"message": message}
    return {"message": message, "made": told(folder, image, layer, "made"), "name": layer.get_name()}


def texture_layer(folder):
    image = photo()
    message, found, _layer = _made(
        image=image, drawables=image.get_layers(), output="new-layer", seamless=False
    )
    count = len(image.get_layers())
    wrong = _made(width=50, seamless=True)[0]
    return {"message": message, "same": found == image, "count": count, "wrong": wrong}
