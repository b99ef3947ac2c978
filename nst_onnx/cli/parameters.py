"""Typer parameters that several commands have and that are no options of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import completion
from nst_onnx.cli.errors import UsageError
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.painting.options import MODEL, STYLE

Content = Annotated[
    str,
    typer.Argument(metavar="CONTENT", help="The picture to paint; - for standard input.", show_default=False),
]
Styles = Annotated[
    list[str],
    typer.Argument(metavar="STYLE", help="The painting to paint it like; several blend.", show_default=False),
]
PerhapsStyles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STYLE]", help="The painting to paint it like; several blend.", show_default=False
    ),
]
NamedStyles = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        metavar="NAME",
        help="A learned style in place of a painting: a name (see `nst-onnx styles`) or a file .nst; several "
        "blend.",
        show_default=False,
        autocompletion=completion.styles,
        rich_help_panel=STYLE,
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The picture to write: .png, .jpg, .tif or .webp; - for standard output.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="png|jpg|tif|webp",
        help="Format of the picture on standard output (png).",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite/--no-overwrite",
        metavar="",
        help="Whether files that exist are replaced (when the new ones are whole). Inputs never are.",
        rich_help_panel=OUTPUT,
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="[ADDRESS]",
        help="Let the workers of a Ray cluster paint: auto, host:port, or ray://host:port; without address "
        'the one that runs here, or one of this machine alone (needs "nst-onnx\\[cluster]").',
        rich_help_panel=MODEL,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="Options from a file, such as strength = 0.6; those given here win.",
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", metavar="", help="A summary on standard output, as JSON.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", metavar="", help="Print nothing but warnings and errors.", rich_help_panel=OUTPUT
    ),
]


def all_styles(
    paintings: list[str] | None, named: list[str] | None, *, perhaps_none: bool = False
) -> list[str]:
    """Return the paintings and after them the named styles.

    Raises UsageError where there is none, unless that may be: where regions have their own.
    """
    styles = [*(paintings or []), *(named or [])]
    if not styles and not perhaps_none:
        raise UsageError("missing argument 'STYLE': a painting, or --style NAME", "see `nst-onnx styles`")
    return styles
