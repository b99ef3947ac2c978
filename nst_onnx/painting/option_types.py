"""Types of option values: each checks a value, parses its text, and describes itself for help and editors.

Nothing heavy is imported here: the command line shows its help from these declarations.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nst_onnx.errors import OptionError
from nst_onnx.painting import option_syntax as syntax
from nst_onnx.support.arguments import shown

MAX_SIDE = 32768
Suggestions = Sequence[str] | Sequence[tuple[str, str]]
"""Values for completion, or pairs of a value and its explanation."""


class OptionType:
    """Base class of option types. A value is valid if `check` accepts it.

    `metavar`: the value's placeholder in help. `argument`: the type of its command-line argument, before
    `parse`. `repeated`: whether its option is given once for each value, in the singular. `stored`: the
    types that it may have in a configuration file.
    """

    metavar = "TEXT"
    argument: type = str
    repeated = False
    stored: tuple[type, ...] = (str,)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError, which names the option, if `value` is invalid."""

    def parse(self, text: str) -> object:
        """Return the value that a text means. Raises OptionError."""
        return text

    def load(self, value: object) -> object:
        """Return the value meant by `value` on a command line or in a configuration. Raises OptionError."""
        return self.parse(value) if isinstance(value, str) else value

    def parse_list(self, text: str) -> Sequence[object]:
        """Return the values that a comma-separated text means. Raises OptionError."""
        return syntax.names(text)

    def is_stored_as(self, value: object) -> bool:
        """Return True if `value` has a type that a configuration file may give; its range is not checked."""
        return isinstance(value, self.stored) and not isinstance(value, bool)

    def describe(self) -> str:
        """Return the valid values in Markdown, for a table."""
        return self.metavar

    def schema(self) -> dict[str, object]:
        """Return type, range and choices, ready for JSON."""
        return {"type": "text"}

    def suggestions(self) -> Suggestions:
        """Return values for shell completion."""
        return ()


@dataclass(frozen=True)
class Number(OptionType):
    """A finite number from `low` to `high`, both included."""

    low: float = 0.0
    high: float = math.inf

    argument: type = float
    stored: tuple[type, ...] = (int, float)

    @property
    def metavar(self) -> str:  # type: ignore[override]
        """The range, where it is a short one."""
        return f"{self.low:g}..{self.high:g}" if math.isfinite(self.high) else "N"

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is a finite number in the range."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            bound = (
                f"from {self.low:g} to {self.high:g}"
                if math.isfinite(self.high)
                else f"of at least {self.low:g}"
            )
            raise OptionError(f"{name} must be a number {bound}, not {shown(value)}")
        if not abs(value) <= sys.float_info.max:  # whole numbers can be larger than any float
            raise OptionError(f"{name} must be finite, not {shown(value)}")

    def parse_list(self, text: str) -> Sequence[object]:
        """Return numbers."""
        return syntax.numbers(text)

    def describe(self) -> str:
        """Return the range."""
        return f"{self.low:g} … {self.high:g}" if math.isfinite(self.high) else f"≥ {self.low:g}"

    def schema(self) -> dict[str, object]:
        """Return the range; no "high" where there is no upper bound."""
        bounds = {"low": float(self.low), "high": float(self.high)}
        return {"type": "number"} | {name: bound for name, bound in bounds.items() if math.isfinite(bound)}


@dataclass(frozen=True)
class Whole(OptionType):
    """A whole number from `low` to `high`, both included; None: no upper bound."""

    low: int = 0
    high: int | None = None

    argument = int
    stored = (int,)

    @property
    def metavar(self) -> str:  # type: ignore[override]
        """The range, where it has two ends."""
        return "N" if self.high is None else f"{self.low}..{self.high}"

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is a whole number in the range."""
        high = math.inf if self.high is None else self.high
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= high:
            bound = f"of at least {self.low}" if self.high is None else f"from {self.low} to {self.high}"
            raise OptionError(f"{name} must be a whole number {bound}, not {shown(value)}")

    def parse_list(self, text: str) -> Sequence[object]:
        """Return whole numbers."""
        return syntax.whole_numbers(text)

    def describe(self) -> str:
        """Return the range."""
        return f"whole, ≥ {self.low}" if self.high is None else f"whole, {self.low} … {self.high}"

    def schema(self) -> dict[str, object]:
        """Return the range; no "high" where there is no upper bound."""
        return {"type": "integer", "low": self.low} | ({} if self.high is None else {"high": self.high})


class Flag(OptionType):
    """True or False; on the command line --NAME or --no-NAME."""

    metavar = ""
    argument = bool
    stored = (bool,)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is True or False."""
        if not isinstance(value, bool):
            raise OptionError(f"{name} must be true or false, not {shown(value)}")

    def is_stored_as(self, value: object) -> bool:
        """Return True for True and False."""
        return isinstance(value, bool)

    def describe(self) -> str:
        """Return both values."""
        return "on, off"

    def schema(self) -> dict[str, object]:
        """Return the type."""
        return {"type": "boolean"}


class Choice(OptionType):
    """One of several names."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.metavar = "|".join(names)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is one of the names."""
        if not isinstance(value, str) or value not in self.names:
            raise OptionError(f"{name} must be one of {', '.join(self.names)}, not {shown(value)}")

    def describe(self) -> str:
        """Return the names."""
        return ", ".join(f"`{name}`" for name in self.names)

    def schema(self) -> dict[str, object]:
        """Return the names."""
        return {"type": "choice", "choices": list(self.names)}

    def suggestions(self) -> Suggestions:
        """Return the names."""
        return self.names


class Text(OptionType):
    """Any text. `suggest` returns values for completion."""

    def __init__(self, metavar: str = "TEXT", suggest: Callable[[], Suggestions] = tuple) -> None:
        self.metavar = metavar
        self._suggest = suggest

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is a text."""
        if not isinstance(value, str):
            raise OptionError(f"{name} must be a name, not {shown(value)}")

    def suggestions(self) -> Suggestions:
        """Return what `suggest` returns."""
        return self._suggest()


class PresetName(Text):
    """The name of a preset."""

    def __init__(self) -> None:
        super().__init__("NAME")

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless there is a preset of this name."""
        from nst_onnx.painting import presets

        super().check(name, value)
        presets.find(str(value))

    def describe(self) -> str:
        """Refer to the presets' own page."""
        return "a [preset](presets.md)"

    def schema(self) -> dict[str, object]:
        """Return the type; the names are in the table of presets."""
        return {"type": "preset"}

    def suggestions(self) -> Suggestions:
        """Return the presets' names, each with the network that it was published for."""
        from nst_onnx.painting.presets import PRESETS

        return [(name, preset.model or "any network") for name, preset in PRESETS.items()]


class Size(OptionType):
    """The longest side in pixels, (width, height), or "full": the content's own."""

    metavar = "N|WxH|full"
    stored = (int, tuple, str)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless each side is a whole number of pixels, at most `MAX_SIDE`."""
        if isinstance(value, str) and value == syntax.FULL:
            return
        sides = value if isinstance(value, tuple | list) else (value, value)
        if len(sides) != 2 or any(side is None for side in sides):
            raise OptionError(f"{name} must be one number, (width, height) or full, not {shown(value)}")
        for side in sides:
            Whole(1).check(name, side)
            if side > MAX_SIDE:
                raise OptionError(f"{name} must be at most {MAX_SIDE} pixels, not {shown(side)}")

    def parse(self, text: str) -> object:
        """Return the size that 512, 400x300 or full means."""
        return syntax.size(text)

    def load(self, value: object) -> object:
        """Return a list, as TOML has it, as a tuple."""
        return tuple(value) if isinstance(value, list) else super().load(value)

    def describe(self) -> str:
        """Return the forms."""
        return "`512`, `400x300` or `full`"

    def schema(self) -> dict[str, object]:
        """Return the range of a side."""
        return {"type": "size", "low": 1, "high": MAX_SIDE}


class MemoryLimit(OptionType):
    """A number of bytes, or a text like 2GB."""

    metavar = "SIZE"
    stored = (int, str)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is a size that a run can keep to."""
        from nst_onnx.support import memory

        memory.parse(value)  # type: ignore[arg-type]  # any other type is refused with the same message

    def describe(self) -> str:
        """Return the form."""
        return "`2GB`"

    def schema(self) -> dict[str, object]:
        """Return the type."""
        return {"type": "memory"}


class PictureSource(OptionType):
    """One of several words, or a picture: a path, an open file, encoded bytes, an array, a Pillow image.

    A picture is checked when it is read.
    """

    metavar = "WORD|FILE"

    def __init__(self, *words: str) -> None:
        self.words = words

    def describe(self) -> str:
        """Return the words."""
        return ", ".join(f"`{word}`" for word in self.words) + " or a picture" if self.words else "a picture"

    def schema(self) -> dict[str, object]:
        """Return the words."""
        return {"type": "picture", "choices": list(self.words)}

    def suggestions(self) -> Suggestions:
        """Return the words."""
        return self.words
