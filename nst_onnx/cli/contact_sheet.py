"""Drawing a contact sheet: labelled pictures in a grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, FAINT = (250, 249, 247), (40, 40, 40), (225, 223, 219)
GAP = 16
SOURCE_HEIGHT = 0.5  # of a picture's
SMALLEST_SOURCE = 32  # pixels high
LONGEST_SOURCE = 2.5  # width to height


@dataclass(frozen=True)
class Cell:
    """A picture with its title; where there is no picture, what to say instead."""

    title: str
    image: Image.Image | None
    message: str


def draw(sources: Sequence[Cell], heading: str, cells: Sequence[Cell], columns: int) -> Image.Image:
    """Return a sheet, RGB: the `sources` small at the top, the `heading`, then `cells` in rows."""
    images = [cell.image for cell in cells if cell.image is not None]
    width = max((image.width for image in images), default=256)
    height = max((image.height for image in images), default=256)
    columns = max(1, min(columns, len(cells)))
    writing = Writing(max(11.0, min(22.0, width / 18)))
    small = [_small(cell, max(SMALLEST_SOURCE, round(height * SOURCE_HEIGHT))) for cell in sources]
    tops = [image.height + writing.height(title, image.width) for title, image in small]
    under = GAP + max(tops, default=0)
    top = under + (writing.line + GAP // 2 if heading else 0) + GAP
    row = height + max(writing.height(cell.title, width) for cell in cells) + GAP
    sides = (sum(image.width + GAP for _, image in small), columns * (width + GAP))
    sheet = Image.new("RGB", (GAP + max(sides), top + -(-len(cells) // columns) * row), PAPER)
    pen = ImageDraw.Draw(sheet)
    x = GAP
    for title, image in small:
        sheet.paste(image, (x, GAP))
        writing.write(pen, title, (x, GAP + image.height), image.width)
        x += image.width + GAP
    writing.write(pen, heading, (GAP, under + GAP // 2), sheet.width)
    for index, cell in enumerate(cells):
        x, y = GAP + index % columns * (width + GAP), top + index // columns * row
        if cell.image is None:
            pen.rectangle((x, y, x + width - 1, y + height - 1), FAINT)
            writing.write(pen, cell.message, (x + GAP // 2, y + GAP // 2), width - GAP)
        else:
            sheet.paste(_opaque(cell.image), (x, y))
        writing.write(pen, cell.title, (x, y + height), width)
    return sheet


class Writing:
    """Text of one size, broken into lines."""

    def __init__(self, points: float) -> None:
        self._font = ImageFont.load_default(points)
        self.line = round(points * 1.4)

    def height(self, text: str, width: int) -> int:
        """Return how high `text` is at that width."""
        return self.line * len(self._lines(text, width))

    def write(self, pen: ImageDraw.ImageDraw, text: str, corner: tuple[int, int], width: int) -> None:
        """Write `text` below and right of `corner`."""
        for number, line in enumerate(self._lines(text, width)):
            pen.text((corner[0], corner[1] + number * self.line), line, INK, self._font)

    def _lines(self, text: str, width: int) -> list[str]:
        """Break after commas, if need be between words; what is wider than `width` alone is cut."""
        lines: list[str] = []
        for phrase in re.split("(?<=,) +", text):
            for part in [phrase] if self._fits(phrase, width) else phrase.split():
                longer = f"{lines[-1]} {part}" if lines else part
                if lines and self._fits(longer, width):
                    lines[-1] = longer
                else:
                    lines.extend(self._cut(part, width))
        return lines

    def _fits(self, text: str, width: int) -> bool:
        return self._font.getlength(text) <= width

    def _cut(self, word: str, width: int) -> list[str]:
        parts = [""]
        for letter in word:
            if parts[-1] and not self._fits(parts[-1] + letter, width):
                parts.append("")
            parts[-1] += letter
        return parts


def _small(cell: Cell, height: int) -> tuple[str, Image.Image]:
    """Return a source's title and its picture, at most `height` high."""
    assert cell.image is not None
    image = _opaque(cell.image)
    image.thumbnail((round(height * LONGEST_SOURCE), height), Image.Resampling.LANCZOS)
    return cell.title, image


def _opaque(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, laid over the paper where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, PAPER)
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
