"""The page of a blind vote: photo, painting, and the contestants' pictures in shuffled columns.

The page is static: a file and a folder of pictures, whose names say nothing. It saves the votes as JSON,
``{"ballot": ID, "votes": {"1": "A", …}}``; a pair left out is no vote. ``rows/N.png`` shows a whole row, for
voters without a browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from PIL import Image

from benchmarks.judge import trivial
from benchmarks.judge.ballot import Key
from benchmarks.judge.rows import Row
from nst_onnx.cli.contact_sheet import Cell, draw

_TEMPLATE = Path(__file__).with_name("vote.html")
_SOURCES = {"photo": trivial.PHOTO, "painting": trivial.PAINTING}


def write(rows: Sequence[Row], names: Sequence[str], seed: int, folder: Path) -> Key:
    """Write ``index.html`` and its pictures into `folder`, for the rows of one size. Return the key."""
    found = {(row.pair, row.name): row for row in rows}
    pairs = list(dict.fromkeys(row.pair for row in rows))
    key = Key.shuffled(pairs, names, seed)
    for kind in ("pictures", "rows"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    sections = []
    for number, pair in enumerate(pairs, 1):
        columns = dict(zip(ascii_uppercase, key.columns[str(number)], strict=False))
        cells = []
        for label, name in {**_SOURCES, **columns}.items():
            picture = _bare(found[pair, name].path)
            picture.save(folder / "pictures" / f"{number}-{label}.png")
            cells.append(Cell(label, picture, ""))
        draw(cells[:2], "", cells[2:], len(columns)).save(folder / "rows" / f"{number}.png")
        sections.append(_section(number, list(columns)))
    page = _TEMPLATE.read_text().replace("{ballot}", key.ballot).replace("{pairs}", "\n".join(sections))
    (folder / "index.html").write_text(page)
    return key


def _bare(path: Path) -> Image.Image:
    """Return a picture without the settings in its file, which name the contestant."""
    with Image.open(path) as picture:
        return Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())


def _section(number: int, labels: Sequence[str]) -> str:
    sources = "".join(
        f'<figure><img src="pictures/{number}-{what}.png"><figcaption>{what}</figcaption></figure>'
        for what in _SOURCES
    )
    choices = "".join(
        f'<label><img src="pictures/{number}-{label}.png"><br>'
        f'<input type="radio" name="{number}" value="{label}"> {label}</label>'
        for label in labels
    )
    return f"<section><h2>{number}</h2>{sources}<div>{choices}</div></section>"
