"""A blind vote: a page of pictures in shuffled columns, its key, and the counting of the votes.

The page is static: a file and a folder of pictures, whose names say nothing. It saves the votes as JSON,
``{"ballot": ID, "votes": {"1": "A", …}}``; a pair left out is no vote. The key is kept apart from the page.
"""

from __future__ import annotations

import hashlib
import html
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from string import ascii_uppercase

from PIL import Image

from benchmarks.judge import trivial
from benchmarks.judge.rows import Row
from nst_onnx.errors import NstError

_TEMPLATE = Path(__file__).with_name("vote.html")
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Key:
    """Which contestant is in which column: {pair's number: names in the order A, B, …}."""

    ballot: str
    columns: Mapping[str, Sequence[str]]

    @classmethod
    def shuffled(cls, pairs: Sequence[str], names: Sequence[str], seed: int) -> Key:
        """Return the columns of each pair in an order drawn from the seed and the pair's name."""
        columns = {}
        for number, pair in enumerate(pairs, 1):
            order = list(names)
            random.Random(f"{seed} {pair}").shuffle(order)
            columns[str(number)] = order
        return cls(hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:12], columns)

    def write(self, path: Path) -> None:
        """Write the key as JSON."""
        path.write_text(json.dumps({"ballot": self.ballot, "columns": self.columns}, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Key:
        """Read a key. Raises NstError."""
        try:
            found = json.loads(path.read_text())
            return cls(found["ballot"], found["columns"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NstError(f"{path} is no key of a vote", "name the key.json that `vote` wrote") from error


def write_page(rows: Sequence[Row], names: Sequence[str], seed: int, folder: Path) -> Key:
    """Write ``index.html`` and its pictures into `folder`, for the rows of one size. Return the key."""
    found = {(row.pair, row.name): row for row in rows}
    pairs = list(dict.fromkeys(row.pair for row in rows))
    key = Key.shuffled(pairs, names, seed)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    sections = []
    for number, pair in enumerate(pairs, 1):
        order = key.columns[str(number)]
        files = dict(zip(ascii_uppercase, order, strict=False))
        for label, name in {"photo": trivial.PHOTO, "painting": trivial.PAINTING, **files}.items():
            with Image.open(found[pair, name].path) as picture:
                bare = Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())
            bare.save(folder / "pictures" / f"{number}-{label}.png")  # without the settings in the file
        sections.append(_section(number, list(files)))
    page = _TEMPLATE.read_text().replace("{ballot}", key.ballot).replace("{pairs}", "\n".join(sections))
    (folder / "index.html").write_text(page)
    return key


def _section(number: int, labels: Sequence[str]) -> str:
    sources = "".join(
        f'<figure><img src="pictures/{number}-{what}.png"><figcaption>{what}</figcaption></figure>'
        for what in ("photo", "painting")
    )
    choices = "".join(
        f'<label><img src="pictures/{number}-{label}.png"><br>'
        f'<input type="radio" name="{number}" value="{html.escape(label)}"> {html.escape(label)}</label>'
        for label in labels
    )
    return f"<section><h2>{number}</h2>{sources}<div>{choices}</div></section>"


def count(key: Key, files: Sequence[Path]) -> Counter[str]:
    """Return each contestant's votes. Raises NstError for a file that is no vote of this ballot."""
    votes = Counter(dict.fromkeys((name for order in key.columns.values() for name in order), 0))
    for path in files:
        try:
            found = json.loads(path.read_text())
            ballot, given = found["ballot"], found["votes"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NstError(f"{path} is no file of votes") from error
        if ballot != key.ballot:
            raise NstError(f"{path} has votes of another ballot, {ballot}", f"the key's is {key.ballot}")
        for number, label in given.items():
            order = key.columns.get(number, ())
            column = ascii_uppercase.find(label) if len(label) == 1 else -1
            if not 0 <= column < len(order):
                raise NstError(f"{path} has a vote for {label!r} in pair {number!r}, which is not there")
            votes[order[column]] += 1
    return votes


def interval(votes: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a binomial share, which is 0 to 1 without votes."""
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    share = votes / total
    middle = share + z * z / (2 * total)
    spread = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    scale = 1 + z * z / total
    return (middle - spread) / scale, (middle + spread) / scale
