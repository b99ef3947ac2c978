"""The plug-in's procedure, called as any script would."""

import os

from gi.repository import Gimp, Gio

from .pictures import told

NAME = "plug-in-nst-onnx-neural-style"
QUICK = {"quality": "fast", "size": 64, "model": "compact"}


def labels(folder=None):
    """Tell how the controls are called."""
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    return {"labels": [argument.nick.replace("_", "") for argument in procedure.get_arguments()[3:]]}


def paint(image, layers, **settings):
    """Call the procedure as any script would; return its status, its message and what it made."""
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    config = procedure.create_config()
    config.set_property("run-mode", settings.pop("run_mode", Gimp.RunMode.NONINTERACTIVE))
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    settings = {"style": os.environ["NST_STYLE"], **QUICK, **settings}
    for name, value in settings.items():
        if name in ("style", "second_style") and value is not None:
            value = Gio.File.new_for_path(value)
        config.set_property(name.replace("_", "-"), value)
    result = procedure.run(config)
    status = result.index(0)
    made = (result.index(1), result.index(2)) if status == Gimp.PDBStatusType.SUCCESS else (None, None)
    if status == Gimp.PDBStatusType.CALLING_ERROR:  # refused by GIMP itself
        message = result.index(1)
    else:
        message = "" if status == Gimp.PDBStatusType.SUCCESS else Gimp.get_pdb().get_last_error()
    return status.value_nick, message, *made


def painted(folder, image, **settings):
    """Paint the first layer; tell of it before and after, and of the result."""
    layer = image.get_layers()[0]
    before = told(folder, image, layer, "before")
    count = len(image.get_layers())
    status, message, new_image, made = paint(image, [layer], **settings)
    facts = {"status": status, "message": message, "before": before, "count": count}
    facts["count_after"] = len(image.get_layers())
    facts["after"] = told(folder, image, layer, "after")
    facts["same_image"] = new_image == image
    if made is not None:
        facts["made"] = told(folder, new_image, made, "made")
    return facts
