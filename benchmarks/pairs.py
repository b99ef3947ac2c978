"""Pairs of content and style pictures that are measured; by default the examples."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@dataclass(frozen=True)
class Pair:
    """A content and a style picture: names of ``examples/``, or files."""

    content_name: str
    style_name: str

    def __str__(self) -> str:
        return f"{self.content.stem}+{self.style.stem}"

    @property
    def content(self) -> Path:
        return _file(self.content_name, "content")

    @property
    def style(self) -> Path:
        return _file(self.style_name, "styles")

    def digest(self) -> str:
        """Return a digest of both files, which identifies the pictures of stored results."""
        return hashlib.sha256(self.content.read_bytes() + self.style.read_bytes()).hexdigest()


PAIRS = (
    Pair("harbour", "whirl"),
    Pair("valley", "embers"),
    Pair("still_life", "facets"),
    Pair("harbour", "breakers"),
    Pair("valley", "confetti"),
    Pair("still_life", "rose_window"),
)

DOZEN = (
    *PAIRS,
    Pair("harbour", "bouquet"),
    Pair("valley", "whirl"),
    Pair("still_life", "embers"),
    Pair("harbour", "facets"),
    Pair("valley", "breakers"),
    Pair("still_life", "bouquet"),
)


def find(name: str) -> Pair:
    """Return the pair called "CONTENT+STYLE", names or files. Raises ValueError where one is not there."""
    pair = Pair(*name.split("+")) if name.count("+") == 1 else None
    if pair is None or not (pair.content.is_file() and pair.style.is_file()):
        raise ValueError(f"{name!r} is not CONTENT+STYLE of examples/content and examples/styles")
    return pair


def _file(name: str, kind: str) -> Path:
    path = Path(name)
    return path if path.suffix else EXAMPLES / kind / f"{name}.jpg"
