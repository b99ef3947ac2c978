"""What the tests have GIMP do. This runs in GIMP's own Python, started by GIMP (see conftest.py).

Each scenario gets a folder to write pixels into, and returns facts that JSON can carry.
"""

import json
import os
import signal
import tempfile
import threading
import time
import traceback
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

NAME = "plug-in-nst-onnx-neural-style"
QUICK = {"quality": "fast", "size": 64, "model": "compact"}
INDEXED_COLOURS = 32


def photo(width=96, height=72):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(os.environ["NST_PHOTO"]))
    image.scale(width, height)
    return image


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
    message = "" if status == Gimp.PDBStatusType.SUCCESS else Gimp.get_pdb().get_last_error()
    return status.value_nick, message, *made


def told(folder, image, layer, name):
    """Write the layer's pixels as they are stored; return what kind of layer it is."""
    width, height = layer.get_width(), layer.get_height()
    format_name = layer.get_buffer().get_property("format") and Gegl.format_get_name(
        layer.get_buffer().get_property("format")
    )
    raw = layer.get_buffer().get(Gegl.Rectangle.new(0, 0, width, height), 1.0, None, Gegl.AbyssPolicy.NONE)
    Path(folder, name).write_bytes(bytes(raw))
    return {
        "name": layer.get_name(),
        "width": width,
        "height": height,
        "offsets": list(layer.get_offsets()[1:]),
        "type": layer.type().value_nick,
        "precision": image.get_precision().value_nick,
        "format": format_name,
        "bytes": len(raw),
        "position": image.get_item_position(layer),
    }


def _whole(folder, image, **settings):
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


def _select(image, x, y, width, height, feather=0):
    Gimp.context_set_feather(bool(feather))
    Gimp.context_set_feather_radius(feather, feather)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, x, y, width, height)


def _mask(folder, image, layer, name="mask"):
    """Write the selection as the layer sees it, one byte a pixel."""
    x, y = layer.get_offsets()[1:]
    part = Gegl.Rectangle.new(x, y, layer.get_width(), layer.get_height())
    raw = image.get_selection().get_buffer().get(part, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
    Path(folder, name).write_bytes(bytes(raw))


def whole_layer(folder):
    return _whole(folder, photo())


def two_styles(folder):
    return _whole(folder, photo(), second_style=os.environ["NST_SECOND"], second_share=0.3)


def like_itself(folder):
    return _whole(folder, photo(), style=os.environ["NST_PHOTO"], strength=0.0, size=64)


def wide_gamut(folder):
    image = photo()
    image.convert_precision(Gimp.Precision.U16_NON_LINEAR)
    image.convert_color_profile(
        Gimp.ColorProfile.new_rgb_adobe(), Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True
    )
    profile = image.get_color_profile()
    facts = _whole(folder, image, style=os.environ["NST_PHOTO"], strength=0.0, size=96, output="new-image")
    new = next(other for other in Gimp.get_images() if other.get_id() != image.get_id())
    facts["profile_kept"] = new.get_color_profile().is_equal(profile)
    facts["profile_of_original_kept"] = image.get_color_profile().is_equal(profile)
    return facts


def feathered_selection(folder, precision=None, base=None, alpha=False, **settings):
    """A layer that lies askew in a larger image, of which a feathered ellipse is selected."""
    image = photo()
    if base == "gray":
        image.convert_grayscale()
    if precision is not None:
        image.convert_precision(getattr(Gimp.Precision, precision))
    if base == "indexed":
        image.convert_indexed(
            Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, INDEXED_COLOURS, False, False, ""
        )
    layer = image.get_layers()[0]
    if alpha:
        layer.add_alpha()
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 20)
        layer.edit_clear()
    image.resize(130, 100, 15, -9)
    _select(image, 35, 10, 50, 40, feather=6)
    _mask(folder, image, layer)
    facts = _whole(folder, image, **settings)
    facts["bounds"] = list(layer.mask_intersect()[1:])
    return facts


def other_pixels(folder):
    return feathered_selection(folder, **json.loads(os.environ["NST_ARGUMENTS"]))


def in_a_group_with_a_mask(folder):
    image = photo()
    layer = image.get_layers()[0]
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    layer.set_opacity(60)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 30, 72)
    mask = layer.create_mask(Gimp.AddMaskType.SELECTION)
    layer.add_mask(mask)
    Gimp.Selection.none(image)
    status, message, _image, made = paint(image, [layer])
    facts = {"status": status, "message": message, "in_group": made.get_parent() == group}
    facts["position"] = image.get_item_position(made)
    facts["opacity"] = made.get_opacity()
    told(folder, image, mask, "mask_before")
    told(folder, image, made.get_mask(), "mask_after")
    facts["before"] = told(folder, image, layer, "before")
    facts["made"] = told(folder, image, made, "made")
    return facts


def a_group(folder):
    image = photo()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(image.get_layers()[1], group, 0)
    facts = _whole(folder, image)
    facts["replacing"] = paint(image, [group], output="replace")[:2]
    return facts


def refusals(folder):
    """Everything that cannot be painted: what is said, and that nothing has changed."""
    image = photo()
    layer = image.get_layers()[0]
    told(folder, image, layer, "before")
    answers = {"no style": paint(image, [layer], style=None)[:2]}
    answers["style is no picture"] = paint(image, [layer], style=__file__)[:2]
    answers["no such model"] = paint(image, [layer], model="vgg99")[:2]
    answers["no such device"] = paint(image, [layer], device="abacus")[:2]
    layer.set_lock_content(True)
    answers["locked"] = paint(image, [layer], output="replace")[:2]
    layer.set_lock_content(False)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    answers["a mask"] = paint(image, [mask])[:2]
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    image.resize(200, 72, 0, 0)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 120, 10, 20, 20)
    answers["selection elsewhere"] = paint(image, [layer])[:2]
    told(folder, image, layer, "after")
    return {"answers": answers, "count": len(image.get_layers())}


def _numbers():
    return [folder.name for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _children(words):
    """Return the running processes that this GIMP has started and whose command has `words` in it."""
    parents, commands = {}, {}
    for name in _numbers():
        try:
            state, parent = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[:2]
            command = Path("/proc", name, "cmdline").read_text()
        except OSError:
            continue
        if state != "Z":
            parents[int(name)], commands[int(name)] = int(parent), command
    found = []
    for number, command in commands.items():
        ancestor = number
        while ancestor in parents and ancestor != os.getppid():
            ancestor = parents[ancestor]
        if ancestor == os.getppid() and words in command:
            found.append(number)
    return found


def _runs(number):
    return str(number) in _numbers()


def _files_left():
    return [folder.name for folder in Path(tempfile.gettempdir()).glob("nst-onnx-*")]


def _in_the_middle(of):
    """Kill the process `of` once its worker has been painting for a moment; return all workers seen."""
    seen = []

    def wait_and_kill():
        deadline = time.monotonic() + 60
        while not seen and time.monotonic() < deadline:
            seen.extend(_children("nst_onnx.worker"))
            time.sleep(0.02)
        time.sleep(4)
        for number in _children(of):
            os.kill(number, signal.SIGKILL)

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    return thread, seen


def _interrupted(folder, of):
    image = photo(960, 720)
    layer = image.get_layers()[0]
    told(folder, image, layer, "before")
    earlier = set(_files_left())
    thread, workers = _in_the_middle(of)
    status, message = paint(image, [layer], quality="best", size=960)[:2]
    thread.join()
    time.sleep(2)
    told(folder, image, layer, "after")
    facts = {"status": status, "message": message, "count": len(image.get_layers())}
    facts["workers"], facts["workers_left"] = workers, list(filter(_runs, workers))
    facts["files_left"] = sorted(set(_files_left()) - earlier)
    other = photo()
    facts["next"] = paint(other, [other.get_layers()[0]])[:2]
    return facts


def worker_killed(folder):
    return _interrupted(folder, "nst_onnx.worker")


def cancelled(folder):
    """GIMP cancels a plug-in that has no dialog by ending its process."""
    return _interrupted(folder, "neural_style.py")


def main(scenario, folder):
    try:
        facts = globals()[scenario](folder)
    except BaseException:
        facts = {"crashed": traceback.format_exc()}
    Path(folder, "facts.json").write_text(json.dumps(facts), encoding="utf-8")
