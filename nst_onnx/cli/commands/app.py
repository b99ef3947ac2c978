"""``nst-onnx app``: the page on this computer."""

from __future__ import annotations

from typing import Annotated

import typer

from nst_onnx.errors import NstError


def app(
    port: Annotated[
        int, typer.Option(metavar="NUMBER", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Paint in a window of the browser, with this computer's own engine. Ctrl-C ends it."""
    try:
        from nst_onnx.app import page, server
    except ImportError as error:
        raise NstError(f"the app needs {error.name}", 'run pip install "nst-onnx[app]"') from error
    server.serve(page.find(), port=port, browser=browser, announce=_announce)


def _announce(address: str) -> None:
    typer.echo(f"The page is at {address}\nThe address works once, in one browser. Ctrl-C ends the program.")
