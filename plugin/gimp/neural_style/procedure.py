"""The GIMP procedure, for menu and scripts: from a layer and settings to a painted layer."""

from __future__ import annotations

import traceback

import outcome
from engine import NeuralEngine
from gi.repository import Gegl, Gimp, GLib
from nst_client.failure import Cancelled, Failure
from nst_client.painted_name import painted_name
from nst_client.painting_record import PaintingRecord
from nst_client.progress import JobMonitor
from nst_client.translation import _
from settings import declare, engine_request, stored
from style_pictures import SHELF
from subject import Subject, choose

NAME = "plug-in-nst-onnx-neural-style"


def make(plug_in: Gimp.PlugIn, name: str) -> Gimp.Procedure:
    """Return the procedure with its menu entry and arguments."""
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types("*")
    procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
    procedure.set_menu_label(_("_Neural Style…"))
    procedure.set_icon_name("gimp-tool-paintbrush")
    procedure.add_menu_path("<Image>/Filters/Artistic")
    procedure.set_documentation(
        _("Paint this layer like that painting"),
        _("Paints the selected part of a layer in the manner of one or two pictures, with nst-onnx."),
        name,
    )
    procedure.set_attribution("The nst-onnx authors", "The nst-onnx authors", "2026")
    declare(procedure)
    return procedure


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: None,
) -> Gimp.ValueArray:
    """Paint, interactively or not by `run_mode`; every error is returned as one message."""
    Gegl.init(None)
    try:
        subject = choose(image, drawables)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            # Imports GTK, which needs a screen: scripts run without one.
            from dialog import run_dialog
            from setup_window import require_engine

            require_engine()
            subject, finished = run_dialog(procedure, config, image, drawables)
        else:
            finished = _paint(subject, config)
        painted_image, painted_layer = _deliver(subject, finished, config)
        for warning in finished.warnings:
            Gimp.message(warning)
        if painted_image != image and run_mode != Gimp.RunMode.NONINTERACTIVE:
            Gimp.Display.new(painted_image)
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except Failure as failure:
        return _failed(procedure, str(failure))
    except Exception as error:  # GIMP itself reports only a crash
        traceback.print_exc()
        return _failed(procedure, f"{_('This is a bug in the plug-in:')} {type(error).__name__}: {error}")
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, painted_image)
    values.remove(2)
    values.insert(2, painted_layer)
    Gimp.displays_flush()
    return values


def _deliver(
    subject: Subject, finished: JobMonitor, config: Gimp.ProcedureConfig
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Write the painting, named after its style, and with its settings, to the chosen output."""
    settings, output = stored(config), config.get_property("output")
    styles = [str(settings[name]) for name in ("style", "second-style") if settings.get(name)]
    SHELF.remember(*styles)
    name = painted_name(subject.layer.get_name(), styles, config.get_property("strength"))
    source = str(subject.layer.get_tattoo()) if output == outcome.NEW_LAYER else ""
    record = PaintingRecord(settings, source)
    return outcome.deliver(subject, finished.result(), output, name, record)


def _paint(subject: Subject, config: Gimp.ProcedureConfig) -> JobMonitor:
    """Paint without a dialog, with GIMP's progress bar, whose Cancel kills this process."""
    request, output = engine_request(config), config.get_property("output")
    outcome.check(subject.layer, output)
    Gimp.progress_init(_("Neural Style: painting “{name}”").format(name=subject.layer.get_name()))
    with NeuralEngine() as engine:
        engine.wait()
        monitor = engine.begin(subject, request, output)
        while monitor.update():
            subject.check()
            Gimp.progress_set_text(monitor.text)
            Gimp.progress_update(monitor.fraction)
            monitor.pause()
    Gimp.progress_end()
    return monitor


def _failed(procedure: Gimp.Procedure, message: str) -> Gimp.ValueArray:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)
