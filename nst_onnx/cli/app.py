"""The typer application: every command with its options."""

from __future__ import annotations

from typing import Annotated

import typer

from nst_onnx.cli import variadic_options
from nst_onnx.cli.commands import app as app_command
from nst_onnx.cli.commands import (
    batch,
    compare,
    doctor,
    export,
    learn,
    models,
    plugin,
    presets,
    settings,
    styles,
    stylize,
    texture,
    video,
)
from nst_onnx.cli.option_parameters import parameters, with_parameters
from nst_onnx.cli.run_options import RunOptions
from nst_onnx.cli.spelling import dashed
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.painting.options import Options
from nst_onnx.version import __version__

NOT_OF_FILMS = ("bits", "jpeg_quality", "metadata", "max_seconds", "colour_transfer")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nst-onnx {__version__}")
        raise typer.Exit


def _every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    """Paint this photo like that painting. Runs offline, on any computer."""


def build() -> typer.Typer:
    """Return the application, with the options that are declared and registered by now."""
    app = typer.Typer(
        help="Paint this photo like that painting. Runs offline, on any computer.",
        epilog="Try it: nst-onnx stylize photo.jpg painting.jpg -o painted.png",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"], "token_normalize_func": dashed},
    )
    app.callback()(_every_command)
    _add_painting(app)
    app.command("styles")(styles.styles)
    app.command("presets")(presets.show)
    app.add_typer(models.app, name="models")
    app.add_typer(plugin.app, name="plugin")
    app.command("app")(app_command.app)
    app.command("settings")(settings.show)
    app.command("doctor")(doctor.doctor)
    app.command("export", context_settings=export.PASS_ON, add_help_option=False)(export.export)
    return app


def _add_painting(app: typer.Typer) -> None:
    """Add the commands that take the options of a painting."""
    ray = {"--ray": variadic_options.ADDRESS}
    painting = {**RunOptions.table(), **Options.table()}
    film = {**RunOptions.table(), **VideoOptions.table()}
    app.command("stylize", cls=variadic_options.command(perhaps=ray))(
        with_parameters(parameters(painting))(stylize.stylize)
    )
    app.command("batch", cls=variadic_options.command(several=["--styles"], perhaps=ray))(
        with_parameters(parameters(painting, without=["style_weights"]))(batch.batch)
    )
    app.command("video", cls=variadic_options.command(perhaps=ray))(
        with_parameters(parameters(film, without=NOT_OF_FILMS))(video.video)
    )
    app.command("texture")(with_parameters(parameters(painting, without=texture.WITHOUT))(texture.texture))
    app.command("learn")(with_parameters(parameters(painting, only=learn.OPTIONS))(learn.learn))
    app.command("compare")(with_parameters(compare.parameters(painting))(compare.compare))
