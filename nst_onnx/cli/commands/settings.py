"""``nst-onnx settings``: how a picture was made."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import table


def show(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture that nst-onnx wrote.")],
    json: Annotated[bool, typer.Option("--json", metavar="", help="As JSON.")] = False,
) -> None:
    """Show how a picture was made: its settings are in the file."""
    from nst_onnx.errors import PictureError
    from nst_onnx.picture import read_settings

    settings = read_settings(picture)
    if settings is None:
        raise PictureError(f"{picture} does not say how it was made", "only pictures that nst-onnx wrote do")
    if json:
        print(json_format.dumps(settings))
    else:
        table.facts(
            (name, value if isinstance(value, str) else json_format.dumps(value))
            for name, value in settings.items()
        )
