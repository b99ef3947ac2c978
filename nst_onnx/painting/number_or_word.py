"""The type of options that take a number, or a word for a number that is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nst_onnx.painting import option_syntax as syntax
from nst_onnx.painting.option_types import Number, Suggestions


@dataclass(frozen=True)
class NumberOrWord(Number):
    """A number as in `Number`, or a word instead."""

    word: str = "auto"

    argument: type = str
    stored: tuple[type, ...] = (int, float, str)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is the word, or a finite number in the range."""
        if not (isinstance(value, str) and value == self.word):
            super().check(name, value)

    def parse(self, text: str) -> object:
        """Return the word, or the number."""
        return self.word if text.strip() == self.word else syntax.number(text)

    def parse_list(self, text: str) -> Sequence[object]:
        """Return words and numbers."""
        return [self.parse(part) for part in syntax.names(text)]

    def describe(self) -> str:
        """Return the range and the word."""
        return f"{super().describe()}, or `{self.word}`"

    def schema(self) -> dict[str, object]:
        """Return the range and the word."""
        return super().schema() | {"word": self.word}

    def suggestions(self) -> Suggestions:
        """Return the word."""
        return (self.word,)
