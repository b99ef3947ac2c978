"""Commands that paint as ``stylize`` does: its controls become theirs, without being written again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection

from nst_onnx.cli import config
from nst_onnx.cli.commands.stylize import stylize

Command = Callable[..., None]


def with_its_controls(*, before: str, without: Collection[str] = ()) -> Callable[[Command], Command]:
    """Return a decorator that gives ``command(…, **controls)`` the controls of `stylize` as options.

    They are what a configuration may hold, less those that `command` has itself and those to go `without`,
    and stand `before` that parameter. `command` gets them by name, None where not given.
    """
    return lambda command: _with_controls(command, before, without)


def _with_controls(command: Command, before: str, without: Collection[str]) -> Command:
    """Change the signature, which tells typer what options there are."""
    own = inspect.signature(command, eval_str=True)
    theirs = inspect.signature(stylize, eval_str=True).parameters
    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    names = [name for name in theirs if name in config.TYPES and name not in (*own.parameters, *without)]
    place = list(own.parameters).index(before)
    parameters[place:place] = [theirs[name] for name in names]
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command
