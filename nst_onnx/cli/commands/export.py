"""``nst-onnx export``: the exporter's own command line, loaded only when it is called."""

from __future__ import annotations

import importlib
from pathlib import Path

import typer

from nst_onnx.errors import NstError

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that leaves its whole line to another."""


def export(ctx: typer.Context) -> None:
    """Make networks from Keras models and weight files (needs the extra "export")."""
    command = typer.main.get_command(exporter())
    code = command.main(
        ctx.args,
        prog_name="nst-onnx export",
        standalone_mode=False,
        help_option_names=["--help", "-h"],
    )
    if isinstance(code, int) and code:
        raise typer.Exit(code)


def exporter() -> typer.Typer:
    """Return the exporter's typer application: the wheel's, or the checkout's.

    Raises NstError where there is neither, or a library that it needs is missing.
    """
    package = Path(__file__).resolve().parents[2]
    if (package / "export").is_dir():
        name = "nst_onnx.export"
    elif (package.parent / "export" / "__main__.py").is_file():
        name = "export"
    else:
        raise NstError("this installation has no exporter", 'run pip install "nst-onnx[export]"')
    try:
        app: typer.Typer = importlib.import_module(f"{name}.__main__").app
    except ImportError as error:
        raise NstError(
            f"the exporter cannot be loaded: {error}", 'run pip install "nst-onnx[export]"'
        ) from error
    return app
