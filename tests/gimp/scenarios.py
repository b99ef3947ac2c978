"""What the tests have GIMP do. This runs in GIMP's own Python, started by GIMP (see conftest.py).

Each scenario gets a folder to write pixels into, and returns facts that JSON can carry (see inside.py).
"""

import array
import hashlib
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

NAME = "plug-in-nst-onnx-neural-style"
QUICK = {"quality": "fast", "size": 64, "model": "compact"}
INDEXED_COLOURS = 32


def go_through(scenario, arguments):
    """Go through a scenario in a GIMP that is as new, and leave none of its images behind."""
    Gegl.init(None)
    Gimp.context_set_defaults()
    earlier = Gimp.get_images()
    try:
        return globals()[scenario](**arguments) or {}
    finally:
        for image in Gimp.get_images():
            if image not in earlier:
                image.delete()


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
    if status == Gimp.PDBStatusType.CALLING_ERROR:  # refused by GIMP itself
        message = result.index(1)
    else:
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


def untagged_to_a_new_image(folder):
    tagged = photo()
    image = Gimp.Image.new(96, 72, Gimp.ImageBaseType.RGB)
    image.insert_layer(Gimp.Layer.new_from_drawable(tagged.get_layers()[0], image), None, 0)
    return _whole(folder, image, output="new-image") | {"tagged": image.get_color_profile() is not None}


def one_pixel(folder):
    image = photo()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 30, 1, 1)
    return _whole(folder, image)


def other_pixels(folder, precision=None, base=None, alpha=False, **settings):
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
    answers["style is a folder"] = paint(image, [layer], style=folder)[:2]
    answers["style is not there"] = paint(image, [layer], style=f"{folder}/gone.jpg")[:2]
    answers["second style is not there"] = paint(image, [layer], second_style=f"{folder}/gone.jpg")[:2]
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


def labels(folder=None):
    """Tell how the controls are called."""
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    return {"labels": [argument.nick.replace("_", "") for argument in procedure.get_arguments()[3:]]}


# ---- what else may lie in the Layers panel


def _filled(image, name, width, height, x=0, y=0, kind=Gimp.ImageType.RGBA_IMAGE):
    layer = Gimp.Layer.new(image, name, width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.set_offsets(x, y)
    Gimp.context_set_foreground(Gegl.Color.new("orange"))
    layer.fill(Gimp.FillType.FOREGROUND)
    return layer


def odd_layer(folder, kind):
    """Paint a layer of an uncommon kind."""
    image = photo()
    layer = image.get_layers()[0]
    if kind == "larger than the image":
        layer = _filled(image, kind, 150, 120, -20, -30)
    elif kind == "beyond the image":
        layer = _filled(image, kind, 60, 50, 200, 200)
    elif kind == "hidden":
        layer.set_visible(False)
    elif kind == "text":
        font = Gimp.context_get_font()
        layer = Gimp.TextLayer.new(image, "Neural", font, 24, Gimp.Unit.pixel())
        image.insert_layer(layer, None, 0)
    elif kind == "alpha locked":
        layer.add_alpha()
        layer.set_lock_alpha(True)
    elif kind == "in place locked":
        layer.set_lock_position(True)
    facts = {"before": told(folder, image, layer, "before"), "count": len(image.get_layers())}
    status, message, _image, made = paint(image, [layer])
    facts |= {"status": status, "message": message, "count_after": len(image.get_layers())}
    facts["after"] = told(folder, image, layer, "after")
    facts["made"] = told(folder, image, made, "made") if made else None
    facts["text_left"] = layer.is_text_layer()
    facts["made_is_text"] = made is not None and made.is_text_layer()
    facts["replaced"] = paint(image, [layer], output="replace")[:2]
    return facts


def filtered(folder, output):
    """Paint a layer that GIMP shows inverted, in its own style, so that the painting tells what was seen."""
    image = photo()
    layer = image.get_layers()[0]
    told(folder, image, layer, "unfiltered")
    invert = Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "inverted")
    layer.append_filter(invert)
    invert.update()
    copy = layer.copy()
    copy.merge_filters()
    facts = {"filtered": told(folder, image, copy, "filtered") | {"type": "rgb-image"}}
    copy.delete()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 40, 30)
    status, message, new, made = paint(
        image, [layer], style=os.environ["NST_PHOTO"], output=output, strength=0.0
    )
    facts |= {"status": status, "message": message, "filters": len(layer.get_filters())}
    facts["made"] = told(folder, new, made, "made")
    facts["filters_of_made"] = len(made.get_filters())
    return facts


def unpaintable(folder):
    """What cannot be painted at all: what is said, and that nothing has changed."""
    image = photo()
    layer = image.get_layers()[0]
    answers = {"none": paint(image, [])[:2]}
    answers["two"] = paint(image, [layer, _filled(image, "other", 20, 20)])[:2]
    answers["one pixel"] = paint(image, [_filled(image, "dot", 1, 1)])[:2]
    answers["narrow"] = paint(image, [_filled(image, "narrow", 8, 2000)])[:2]
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 30, 30)
    floating = Gimp.Selection.float(image, [layer], 5, 5)
    answers["floating"] = paint(image, [floating])[:2]
    facts = {"answers": answers, "floats": image.get_floating_sel() == floating}
    facts["count"] = len(image.get_layers())
    return facts


# ---- what a person may do while a painting is being made


def _plug_in():
    """Return the installed plug-in's modules: what it does before and after the engine paints."""
    installed = str(Path(Gimp.directory(), "plug-ins", "neural_style"))
    if installed not in sys.path:
        sys.path.insert(0, installed)
    import nst_client
    import outcome
    import subject

    return nst_client, outcome, subject


def _select_elsewhere(image, layer):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 15)


def _select_nothing(image, layer):
    Gimp.Selection.none(image)


def _move(image, layer):
    layer.set_offsets(-70, 55)


def _remove(image, layer):
    image.remove_layer(layer)


def _close(image, layer):
    image.delete()


def _crop(image, layer):
    image.crop(50, 40, 10, 10)


def _scale_layer(image, layer):
    layer.scale(48, 36, False)


MEANWHILE = {
    "nothing": lambda image, layer: None,
    "select elsewhere": _select_elsewhere,
    "select nothing": _select_nothing,
    "move": _move,
    "remove": _remove,
    "close": _close,
    "crop": _crop,
    "scale layer": _scale_layer,
}


def meanwhile(folder, change, output, selected=True):
    """Choose a layer, change something as a person might while the engine paints, and deliver."""
    nst_client, outcome, subject = _plug_in()
    image = photo(400, 300)  # of several tiles
    layer = image.get_layers()[0]
    image.resize(460, 360, 15, -9)
    if selected:
        _select(image, 60, 30, 220, 240, feather=6)
    chosen = subject.choose(image, [layer])
    MEANWHILE[change](image, layer)
    if not image.is_valid():
        offsets, selection = None, None
    else:
        offsets, selection = list(layer.get_offsets()[1:]), _selection_of(image)
    red = array.array("f", [1.0, 0.0, 0.0]) * (chosen.seen.width * chosen.seen.height)
    painting = nst_client.Pixels(chosen.seen.width, chosen.seen.height, 3, "f32", red.tobytes())
    try:
        new, made = outcome.deliver(chosen, painting, output)
    except nst_client.failure.Failure as failure:
        return {"failure": str(failure), "valid": image.is_valid()}
    facts = {"failure": None, "made": told(folder, new, made, "made"), "offsets": offsets}
    facts["selection_kept"] = _selection_of(image) == selection
    return facts


def _selection_of(image):
    whole = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    raw = image.get_selection().get_buffer().get(whole, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(bytes(raw)).hexdigest()


# ---- in the GIMP that a person uses (desk.py): the image that is open there


def _open():
    image = Gimp.get_images()[-1]
    return image, image.get_selected_layers()[0]


def _pixels_of(drawable):
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(whole, 1.0, None, Gegl.AbyssPolicy.NONE))


def stack():
    """Tell everything about the layers, to the last bit."""
    image = Gimp.get_images()[-1]
    layers = [
        [
            layer.get_id(),
            layer.get_name(),
            list(layer.get_offsets()[1:]),
            layer.get_opacity(),
            layer.get_lock_alpha(),
            hashlib.sha256(_pixels_of(layer)).hexdigest(),
        ]
        for layer in image.get_layers()
    ]
    chosen = [layer.get_id() for layer in image.get_selected_layers()]
    return {"layers": layers, "chosen": chosen, "selection": _selection_of(image)}


def paint_here(**settings):
    """Paint the open image's layer, as a script does."""
    image, layer = _open()
    return {"status": paint(image, [layer], **settings)[0]}


def select_here(bounds):
    image, _layer = _open()
    if bounds is None:
        Gimp.Selection.none(image)
    else:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *bounds)
    Gimp.displays_flush()


def change_here(change):
    MEANWHILE[change](*_open())
    Gimp.displays_flush()


def difference_here():
    """Tell within which bounds the two layers of the open image differ, in the layers' pixels."""
    image, layer = _open()
    upper, lower = (memoryview(_pixels_of(layer)) for layer in image.get_layers())
    stride = 3 * layer.get_width()
    starts = range(0, len(upper), stride)
    rows = [upper[start : start + stride] != lower[start : start + stride] for start in starts]
    columns = [upper[start::stride] != lower[start::stride] for start in range(stride)]
    ys = [y for y, differs in enumerate(rows) if differs]
    xs = [x // 3 for x, differs in enumerate(columns) if differs]
    return {"bounds": [xs[0], ys[0], xs[-1] + 1 - xs[0], ys[-1] + 1 - ys[0]]}
