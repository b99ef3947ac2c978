"""Declarations of options, and the base class of option sets: dataclasses whose fields are declared options.

A declaration has an option's type and range, default, help and group. Validation, the command line,
configuration files, the worker's protocol and the documentation's tables are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Self, TypeVar, cast

from nst_onnx.errors import OptionError
from nst_onnx.painting.option_types import OptionType

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """An option's declaration.

    `default`: the value where none is given; None: another one applies, as `fallback` says.
    `group`: its heading in help and documentation. `help`: one sentence without a full stop.
    `metavar`: the placeholder of its value in help, where the type's own says too little.
    `loss`: True if the value of the loss depends on it, so that `Objective` takes it too.
    """

    name: str
    type: OptionType
    default: object = None
    group: str = "Other"
    help: str = ""
    fallback: str = ""
    metavar: str = ""
    loss: bool = False

    def check(self, value: object) -> None:
        """Raise OptionError if `value` is invalid. None is valid where it is the default."""
        if value is not None or self.default is not None:
            self.type.check(self.name, value)

    def load(self, value: object) -> object:
        """Return the value that a command line or a configuration file means by `value`.

        Raises OptionError that names the option for a text that cannot be parsed.
        """
        return self._named(self.type.load, value)

    def parse_list(self, text: str) -> list[object]:
        """Return the values that a comma-separated text means. Raises OptionError that names the option."""
        return list(self._named(self.type.parse_list, text))

    @property
    def unset(self) -> str:
        """What applies if no value is given, for help and documentation; may be empty."""
        if self.fallback or self.default is None:
            return self.fallback
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        return f"{self.default:g}" if isinstance(self.default, int | float) else str(self.default)

    def schema(self) -> dict[str, object]:
        """Return type, range, choices, default and help, ready for JSON."""
        return {**self.type.schema(), "default": self.default, "group": self.group, "help": self.help}

    def _named(self, parse: Callable[[S], T], value: S) -> T:
        try:
            return parse(value)
        except OptionError as error:
            raise OptionError(f"{self.name}: {error}", error.hint) from None


def option(
    default: T,
    type: OptionType,
    *,
    group: str,
    help: str,
    fallback: str = "",
    metavar: str = "",
    loss: bool = False,
) -> T:
    """Return a dataclass field that is a declared option of an `OptionSet`."""
    declaration = Option("", type, default, group, help, fallback, metavar, loss)
    found: T = field(default=default, metadata={"option": declaration})
    return found


def declared(owner: type[OptionSet]) -> Mapping[str, Option]:
    """Return the options that a class declares as its fields, by name and in order."""
    if owner not in _DECLARED:
        options = {f.name: f.metadata["option"] for f in fields(owner) if "option" in f.metadata}
        named = {name: replace(one, name=name) for name, one in options.items()}
        _DECLARED[owner] = MappingProxyType(named)  # the same for all callers
    return _DECLARED[owner]


_DECLARED: dict[type[OptionSet], Mapping[str, Option]] = {}


@dataclass(frozen=True, kw_only=True)
class OptionSet:
    """Checked values of options, one field each."""

    def __post_init__(self) -> None:
        """Raise OptionError for an invalid value."""
        for name, declaration in declared(type(self)).items():
            declaration.check(getattr(self, name))

    @classmethod
    def table(cls) -> Mapping[str, Option]:
        """Return the declarations of all options of this set, by name."""
        return declared(cls)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Return checked options from a mapping. Raises OptionError for an unknown name or invalid value."""
        known = cls.table()
        unknown = [name for name in values if name not in known]
        if unknown:
            raise OptionError(f"there is no option {unknown[0]!r}", f"options are: {', '.join(known)}")
        return cls._made({name: _as_python(value) for name, value in values.items()})

    def values(self) -> dict[str, object]:
        """Return every option's value by name."""
        return {name: getattr(self, name) for name in self.table()}

    @classmethod
    def _made(cls, values: dict[str, Any]) -> Self:
        return cls(**values)


def _as_python(value: object) -> object:
    """Return numpy's numbers and lists of numbers as Python's, in sequences and mappings too.

    Pictures stay as they are: their arrays have more axes, and buffers hold encoded ones.
    """
    if isinstance(value, list | tuple):
        parts = [_as_python(one) for one in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, Mapping):
        return {key: _as_python(one) for key, one in value.items()}
    shape = getattr(value, "shape", None)
    listed = shape is not None and len(shape) < 2 and not isinstance(value, memoryview)
    return cast(Any, value).tolist() if listed else value
