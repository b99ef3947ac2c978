"""Chooses the progress display: live, plain lines, or silent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar


class Live(Protocol):
    """A display that is updated in place on a terminal."""

    def shown(self) -> AbstractContextManager[None]:
        """Show the display until the context exits, then clear it."""


class Silent:
    """Shows nothing."""

    def show(self, *news: object) -> None:
        """Show nothing."""

    def end(self, *news: object) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


class Plain:
    """Writes lines on standard error."""

    def say(self, text: str) -> None:
        """Write a line."""
        print(text, file=sys.stderr, flush=True)


L = TypeVar("L", bound=Live)
P = TypeVar("P", bound=Plain)


@contextmanager
def choose_display(quiet: bool, live: Callable[[], L], lines: Callable[[], P]) -> Iterator[Silent | L | P]:
    """Yield a silent display if `quiet`, else one made by `live` for a terminal or by `lines` for a log."""
    if quiet:
        yield Silent()
    elif sys.stderr.isatty():
        display = live()
        with display.shown():
            yield display
    else:
        yield lines()
