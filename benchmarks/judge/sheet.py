"""Contact sheet of the judged pictures: a row for each pair; photo, painting, and each contestant."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from benchmarks.judge import trivial
from benchmarks.judge.rows import Row
from nst_onnx.cli.contact_sheet import Cell, draw

_WIDEST = 256  # pixels


def sheet(rows: Sequence[Row], size: int, names: Sequence[str]) -> Image.Image:
    """Return the sheet of one size; under each picture its content error and style residual."""
    shown = [trivial.PHOTO, trivial.PAINTING, *names]
    found = {(row.pair, row.name): row for row in rows if row.size == size}
    pairs = dict.fromkeys(pair for pair, _ in found)
    cells = [_cell(found[pair, name]) for pair in pairs for name in shown]
    return draw([], "", cells, len(shown))


def _cell(row: Row) -> Cell:
    with Image.open(row.path) as file:
        image = file.convert("RGB")
    image.thumbnail((_WIDEST, _WIDEST), Image.Resampling.LANCZOS)
    if row.name in trivial.NAMES:
        photo, _, painting = row.pair.partition("+")
        return Cell(photo if row.name == trivial.PHOTO else painting, image, "")
    measures = row.measures
    return Cell(f"{row.name}, {measures.content_error:.2f} / {measures.style_residual:.2f}", image, "")
