"""What a procedure that paints answers: the painting, a cancellation, or one message."""

from __future__ import annotations

import traceback
from typing import Callable

from gi.repository import Gegl, Gimp, GLib
from nst_client.failure import Cancelled, Failure
from nst_client.translation import _
from task import Series


def answer(procedure: Gimp.Procedure, run_mode: Gimp.RunMode, paint: Callable[[], Series]) -> Gimp.ValueArray:
    """Have `paint` paint; return image and layer of the first painting, or its failure."""
    Gegl.init(None)
    try:
        series = paint()
        for text in (*series.warnings, *map(str, series.failures)):
            Gimp.message(text)
        if run_mode != Gimp.RunMode.NONINTERACTIVE:
            for image in series.new_images:
                Gimp.Display.new(image)
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except Failure as failure:
        return _failed(procedure, str(failure))
    except Exception as error:  # GIMP itself reports only a crash
        return _failed(procedure, in_words(error))
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    for place, value in enumerate(series.made[0], 1):
        values.remove(place)
        values.insert(place, value)
    Gimp.displays_flush()
    return values


def in_words(error: Exception) -> str:
    """Return an error for the user; what nobody foresaw goes to the terminal, too."""
    if isinstance(error, Failure):
        return str(error)
    traceback.print_exception(type(error), error, error.__traceback__)
    return f"{_('This is a bug in the plug-in:')} {type(error).__name__}: {error}"


def _failed(procedure: Gimp.Procedure, message: str) -> Gimp.ValueArray:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)
