"""Help without the names of Python's types, which newer typers print beside an argument's own name."""

from __future__ import annotations

from typing import TypeVar

Command = TypeVar("Command")


def without_types(command: Command) -> Command:
    """Return a click command whose help, and whose subcommands' help, show arguments by their metavar alone.

    Typer vendors click, whose classes have other names in each version: hence no common type.
    """
    for parameter in getattr(command, "params", ()):
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = _nothing
    for subcommand in getattr(command, "commands", {}).values():
        without_types(subcommand)
    return command


def _nothing(ctx: object) -> None:
    """Return no type to show."""
