"""Options that take several words, as in ``--styles one.jpg two.jpg``: what a shell makes of a pattern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand


def taking_several(*options: str) -> type[TyperCommand]:
    """Return the class of a command whose `options`, lists to typer, take all words up to the next option."""

    class Taking(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            words = args if ctx.resilient_parsing else list(spread(args, options))  # the shell completes
            return super().parse_args(ctx, words)

    return Taking


def spread(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command line with each of `options` repeated before every word that it takes.

    Raises typer.BadParameter where nothing follows for it to take.
    """
    taking = ""
    for number, word in enumerate(words):
        if word == "--":
            yield from words[number:]
            return
        if word in options:
            taking = word
            if number + 1 == len(words) or words[number + 1].startswith("-"):
                raise typer.BadParameter(f"option {word} needs a value")
        elif word.startswith("-") or not taking:
            taking = ""
            yield word
        else:
            yield from (taking, word)
