"""Drawing a contact sheet: labelled pictures in a grid."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, FAINT = (250, 249, 247), (40, 40, 40), (225, 223, 219)
GAP = 16
SOURCE_HEIGHT = 0.5  # of a picture's
LONGEST_SOURCE = 2.5  # width to height


@dataclass(frozen=True)
class Cell:
    """A picture with its title; where there is no picture, what to say instead."""

    title: str
    image: Image.Image | None
    message: str


def draw(sources: Sequence[Cell], heading: str, cells: Sequence[Cell], columns: int) -> Image.Image:
    """Return a sheet, RGB: the `sources` small at the top beside the `heading`, then `cells` in rows."""
    images = [cell.image for cell in cells if cell.image is not None]
    width = max((image.width for image in images), default=256)
    height = max((image.height for image in images), default=256)
    columns = max(1, min(columns, len(cells)))
    points = max(11.0, min(22.0, width / 18))
    font = ImageFont.load_default(points)
    line = round(points * 1.5)
    small = [_small(cell, round(height * SOURCE_HEIGHT)) for cell in sources]
    top = GAP + max(cell.image.height for cell in small if cell.image) + line + (line if heading else 0)
    rows = -(-len(cells) // columns)
    needed = GAP + sum(cell.image.width + GAP for cell in small if cell.image)
    sheet = Image.new(
        "RGB",
        (max(needed, GAP + columns * (width + GAP)), top + GAP + rows * (height + line + GAP)),
        PAPER,
    )
    pen = ImageDraw.Draw(sheet)
    x = GAP
    for cell in small:
        assert cell.image is not None
        _place(sheet, pen, cell, (x, GAP), cell.image.size, font)
        x += cell.image.width + GAP
    if heading:
        pen.text((GAP, top - line), heading, INK, font)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        corner = (GAP + column * (width + GAP), top + GAP + row * (height + line + GAP))
        _place(sheet, pen, cell, corner, (width, height), font)
    return sheet


def _small(cell: Cell, height: int) -> Cell:
    """Return the cell with its picture at most `height` high."""
    assert cell.image is not None
    image = cell.image.convert("RGBA" if cell.image.has_transparency_data else "RGB")
    image.thumbnail((round(height * LONGEST_SOURCE), height), Image.Resampling.LANCZOS)
    return Cell(cell.title, image, "")


def _place(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    cell: Cell,
    corner: tuple[int, int],
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Put a cell where it belongs, its title below the picture."""
    x, y = corner
    letter = font.getlength("n")
    if cell.image is None:
        pen.rectangle((x, y, x + size[0] - 1, y + size[1] - 1), FAINT)
        text = textwrap.fill(cell.message, max(8, int((size[0] - GAP) / letter)))
        pen.multiline_text((x + GAP // 2, y + GAP // 2), text, INK, font)
    else:
        opaque = cell.image if cell.image.mode == "RGBA" else None
        sheet.paste(cell.image, corner, opaque)
    title = textwrap.shorten(cell.title, max(8, int(size[0] / letter)), placeholder="…")
    pen.text((x, y + size[1] + 2), title, INK, font)
