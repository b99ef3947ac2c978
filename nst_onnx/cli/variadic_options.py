"""Typer extensions: variadic options (``--styles a.jpg b.jpg``), and options whose value may be omitted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

ADDRESS = r"auto|local|\S*://\S*|[^\s/\\]+:\d+"
"""Regular expression of a cluster's address, which distinguishes it from the name of a picture."""


def command(*, several: Sequence[str] = (), perhaps: Mapping[str, str] | None = None) -> type[TyperCommand]:
    """Return a typer command class with variadic options and options whose value may be omitted.

    Options in `several`, lists to typer, take all words up to the next option. Options in `perhaps`, texts to
    typer, take the next word if it matches the regular expression, else their value is empty.
    """

    class VariadicCommand(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            words = args if ctx.resilient_parsing else list(expand_variadic(args, several, perhaps or {}))
            return super().parse_args(ctx, words)  # (resilient: the shell completes)

    return VariadicCommand


def expand_variadic(
    words: Sequence[str], several: Sequence[str] = (), perhaps: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield the words of a command line as if each option took exactly one.

    Raises typer.BadParameter where nothing follows an option of `several`.
    """
    perhaps = perhaps or {}
    taking = ""
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            yield from (word, *left)
            return
        if word in perhaps:
            taking = ""
            takes = bool(left) and re.fullmatch(perhaps[word], left[0]) is not None
            yield f"{word}={left.pop(0) if takes else ''}"
        elif word in several:
            taking = word
            if not left or left[0].startswith("-"):
                raise typer.BadParameter(f"option {word} needs a value")
        elif word.startswith("-") or not taking:
            taking = ""
            yield word
        else:
            yield from (taking, word)
