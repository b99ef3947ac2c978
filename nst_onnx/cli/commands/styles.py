"""``nst-onnx styles``: the learned styles that have a name, with pictures."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import output_checks, table
from nst_onnx.cli.errors import one_line
from nst_onnx.errors import ModelError, OptionError

if TYPE_CHECKING:
    from PIL import Image
    from rich.text import Text

    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.feedforward.learned_style import LearnedStyle

_COLUMNS = 4
_SIZE = 320
"""Longest side of a picture on the sheet."""
_LARGEST = 1024
"""Longest side of a thumbnail that is decoded."""
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
    found = list(_known())
    if not found:
        raise OptionError("there is no learned style", "make one: nst-onnx learn painting.jpg")
    if output is None:
        _list(found)
    else:
        _draw(output, photo, [style for _, style in found])


def _known() -> Iterator[tuple[Path, LearnedStyle]]:
    """Yield every style with its file; a damaged one is a warning."""
    from nst_onnx.feedforward import gallery
    from nst_onnx.feedforward.learned_style import LearnedStyle

    for path in gallery.files().values():
        try:
            yield path, LearnedStyle.load(path)
        except ModelError as error:
            print(one_line("warning", str(error), error.hint), file=sys.stderr)


def _list(found: list[tuple[Path, LearnedStyle]]) -> None:
    """Print names and files, with thumbnails at a terminal."""
    if not sys.stdout.isatty():
        table.show(("name", "file"), [(path.stem, str(path)) for path, _ in found])
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for path, style in found:
        console.print(Text.assemble((path.stem, "bold"), f"  {path}"))
        image = _thumbnail(style)
        if image is not None:
            console.print(_blocks(image))


def _thumbnail(style: LearnedStyle) -> Image.Image | None:
    """Return a style's thumbnail; None where there is none, or it cannot be decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(style.thumbnail), formats=["JPEG", "WEBP"]) as image:
            if max(image.size) <= _LARGEST:
                return image.convert("RGB")
    except Exception:  # Pillow raises many kinds
        return None
    return None


def _blocks(image: Image.Image) -> Text:
    """Return a picture as half blocks, two pixels to a character."""
    import numpy as np
    from PIL import Image
    from rich.text import Text

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

    if photo is None:
        cells = [contact_sheet.Cell(style.name, _thumbnail(style), "no thumbnail") for style in found]
    else:
        cells = _painted(photo, found)
    sheet = contact_sheet.draw([], "", cells, _COLUMNS)
    picture.write(output, np.asarray(sheet, np.float32) / np.float32(255))
    print(f"wrote {output}")


def _painted(photo: str, found: list[LearnedStyle]) -> list[Cell]:
    """Return the photo in each style; where one cannot be used, its error."""
    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.models import catalogue
    from nst_onnx.painting.stylizer import Stylizer
    from nst_onnx.picture import read

    stylizer, content = Stylizer(catalogue.SHIPPED), read(photo, what="photo")
    cells = []
    for style in found:
        try:
            image = stylizer.stylize(content, style, size=_SIZE, quality="instant").image
            cells.append(Cell(style.name, image, ""))
        except ModelError as error:
            cells.append(Cell(style.name, None, str(error)))
    return cells
