#!/usr/bin/env python3
"""Neural Style for GIMP 3: entry point of the plug-in, started by GIMP.

nst-onnx paints in a Python environment of its own; the plug-in exchanges pixels and messages with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("Gegl", "0.4")

import engine_procedure  # noqa: E402 - needs the versions above
import procedure  # noqa: E402 - needs the versions above
import texture_procedure  # noqa: E402 - needs the versions above
from gi.repository import Gimp, Gio  # noqa: E402 - needs the versions above
from nst_client.translation import DOMAIN, FOLDER  # noqa: E402 - needs the versions above

MAKERS = {procedure.NAME: procedure.make, texture_procedure.NAME: texture_procedure.make}
HELP = "https://nst-onnx.invalid/help"  # a name only, as in help/en/gimp-help.xml: nothing is fetched


class NeuralStyle(Gimp.PlugIn):
    """The plug-in's procedures, as GIMP queries them."""

    def do_query_procedures(self) -> list[str]:
        """Return the procedures' names, and register the folder of the help pages."""
        self.set_help_domain(HELP, Gio.File.new_for_path(str(Path(__file__).resolve().parent / "help")))
        return [*MAKERS, *engine_procedure.names()]

    def do_set_i18n(self, name: str) -> tuple[bool, str | None, str | None]:
        """Return the translation domain and folder, where there are translations."""
        return FOLDER.is_dir(), DOMAIN, FOLDER.name

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Return the procedure called `name`."""
        return MAKERS.get(name, engine_procedure.make)(self, name)


Gimp.main(NeuralStyle.__gtype__, sys.argv)
