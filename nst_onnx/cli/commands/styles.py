"""``nst-onnx styles``: the learned styles that have a name, with pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import output_checks, table
from nst_onnx.errors import OptionError

if TYPE_CHECKING:
    from PIL import Image
    from rich.text import Text

    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.feedforward.learned_style import LearnedStyle

_COLUMNS = 4
_SIZE = 320
"""Longest side of a picture on the sheet."""
_CHARACTERS = 16
"""Width of a thumbnail in a terminal."""

Photo = Annotated[
    str | None,
    typer.Argument(metavar="[PHOTO]", help="Paint this picture in every style.", show_default=False),
]
Sheet = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write a contact sheet: .png, .jpg or .webp."),
]


def styles(photo: Photo = None, output: Sheet = None) -> None:
    """List the styles for `--style NAME`: those that ship, and your own (`nst-onnx learn`).

    With a PHOTO and -o, a contact sheet shows it in every style.
    """
    if photo is not None and output is None:
        raise OptionError("a painted PHOTO needs a file to write to", "give -o sheet.jpg")
    if output is not None:
        from nst_onnx import picture

        picture.check_writable(output)
        output_checks.check_apart([output], [photo] if photo else [])
    from nst_onnx.feedforward import gallery
    from nst_onnx.feedforward.learned_style import LearnedStyle

    found = [(name, path, LearnedStyle.read(path)) for name, path in gallery.files().items()]
    if output is None:
        _list(found)
    else:
        _draw(output, photo, [style for *_, style in found])


def _list(found: list[tuple[str, Path, LearnedStyle]]) -> None:
    """Print names and files, with thumbnails at a terminal."""
    if not sys.stdout.isatty():
        table.show(("name", "file"), [(name, str(path)) for name, path, _ in found])
        return
    from rich.console import Console

    console = Console(highlight=False)
    for name, path, style in found:
        console.print(f"[bold]{name}[/]  {path}")
        if style.thumbnail:
            console.print(_blocks(style.thumbnail))


def _blocks(thumbnail: bytes) -> Text:
    """Return a thumbnail as half blocks, two pixels to a character."""
    import numpy as np
    from PIL import Image
    from rich.text import Text

    image = Image.open(io.BytesIO(thumbnail)).convert("RGB")
    rows = max(2, round(_CHARACTERS * image.height / image.width / 2) * 2)
    pixels = np.asarray(image.resize((_CHARACTERS, rows), Image.Resampling.LANCZOS))
    text = Text()
    for row in range(0, rows, 2):
        for column in range(_CHARACTERS):
            upper, lower = (",".join(map(str, pixels[row + i, column])) for i in (0, 1))
            text.append("▀", f"rgb({upper}) on rgb({lower})")
        text.append("\n")
    return text


def _draw(output: Path, photo: str | None, found: list[LearnedStyle]) -> None:
    """Write the contact sheet."""
    import numpy as np

    from nst_onnx import picture
    from nst_onnx.cli import contact_sheet

    cells = [_cell(style) for style in found] if photo is None else _painted(photo, found)
    sheet = contact_sheet.draw([], "", cells, _COLUMNS)
    picture.write(output, np.asarray(sheet, np.float32) / np.float32(255))
    print(f"wrote {output}")


def _cell(style: LearnedStyle) -> Cell:
    from PIL import Image

    from nst_onnx.cli.contact_sheet import Cell

    image: Image.Image | None = None
    if style.thumbnail:
        image = Image.open(io.BytesIO(style.thumbnail)).convert("RGB")
    return Cell(style.name, image, "no thumbnail")


def _painted(photo: str, found: list[LearnedStyle]) -> list[Cell]:
    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.models import catalogue
    from nst_onnx.painting.stylizer import Stylizer

    stylizer = Stylizer(catalogue.SHIPPED)
    return [
        Cell(style.name, stylizer.stylize(photo, style, size=_SIZE, quality="instant").image, "")
        for style in found
    ]
