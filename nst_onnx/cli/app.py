"""The command line's shape: the options of every command, and the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from nst_onnx.cli import syntax, variadic_options
from nst_onnx.cli.commands import (
    batch,
    compare,
    doctor,
    export,
    models,
    plugin,
    presets,
    settings,
    stylize,
    video,
)
from nst_onnx.version import __version__

app = typer.Typer(
    help="Paint this photo like that painting. Runs offline, on any computer.",
    epilog="Try it: nst-onnx stylize photo.jpg painting.jpg -o painted.png",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"], "token_normalize_func": syntax.spelling},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nst-onnx {__version__}")
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    """Paint this photo like that painting. Runs offline, on any computer."""


perhaps = {"--ray": variadic_options.ADDRESS}
app.command("stylize", cls=variadic_options.command(perhaps=perhaps))(stylize.stylize)
app.command("batch", cls=variadic_options.command(several=["--styles"], perhaps=perhaps))(batch.batch)
app.command("video", cls=variadic_options.command(perhaps=perhaps))(video.video)
app.command("compare")(compare.compare)
app.command("presets")(presets.show)
app.add_typer(models.app, name="models")
app.add_typer(plugin.app, name="plugin")
app.command("settings")(settings.show)
app.command("doctor")(doctor.doctor)
app.command("export", context_settings=export.PASS_ON, add_help_option=False)(export.export)
