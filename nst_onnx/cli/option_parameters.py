"""Typer parameters made from option declarations, and commands that take them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import getitem
from typing import Annotated

import typer

from nst_onnx.cli.run_options import FOREIGN, OUTPUT
from nst_onnx.cli.spelling import dashed
from nst_onnx.jobs.video.options import FRAMES
from nst_onnx.painting.option import Option
from nst_onnx.painting.options import LOSSES, MODEL, OPTIMISATION, PICTURE, REGIONS, STYLE

VARIED = "Varied: each takes several values, as in 0.3,0.5,0.7"
GROUPS = (VARIED, PICTURE, STYLE, REGIONS, LOSSES, OPTIMISATION, FRAMES, MODEL, FOREIGN, OUTPUT)
"""The panels of the help, in order. A command's own panels stand before them, other options' after them."""

Command = Callable[..., None]


def parameters(
    options: Mapping[str, Option], *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> list[inspect.Parameter]:
    """Return the parameters of the options, or of those named in `only`, less those in `without`."""
    chosen = options if only is None else only
    return [parameter(option) for name, option in options.items() if name in chosen and name not in without]


def parameter(option: Option) -> inspect.Parameter:
    """Return the parameter of an option; None stands for a value that is not given."""
    name = f"--{dashed(option.name)}"
    names = [name.removesuffix("s"), name] if option.type.repeated else [name]
    flag = option.type.argument is bool
    details = typer.Option(
        *([f"{name}/--no-{dashed(option.name)}"] if flag else names),
        metavar=option.metavar or option.type.metavar,
        help=help_text(option),
        autocompletion=option.type.suggestions,
        rich_help_panel=option.group,
    )
    return keyword(option.name, option.type.argument, details)


def keyword(name: str, argument: type, details: object) -> inspect.Parameter:
    """Return a keyword-only parameter of an optional `argument` with typer's `details`."""
    annotation = getitem(Annotated, (argument | None, details))  # made here: no type checker can follow it
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def help_text(option: Option) -> str:
    """Return an option's help, with what applies if it is not given in parentheses."""
    unset = f" ({option.unset})" if option.unset else ""
    return f"{option.help}{unset}.".replace("[", "\\[")


def with_parameters(added: Iterable[inspect.Parameter]) -> Callable[[Command], Command]:
    """Return a decorator that gives ``command(…, **given)`` the `added` parameters, sorted by panel.

    The command receives their values by name in `given`, None where not given.
    """
    return lambda command: _with_signature(command, list(added))


def _with_signature(command: Command, added: list[inspect.Parameter]) -> Command:
    """Return the command with a signature that tells typer all its parameters."""

    @functools.wraps(command)
    def wrapped(*arguments: object, **given: object) -> None:
        command(*arguments, **given)

    own = inspect.signature(command, eval_str=True)
    named = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    arguments = [p for p in named if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    required = [p for p in named if p not in arguments and p.default is p.empty]
    rest = [p for p in named if p not in arguments and p not in required]
    options = sorted([*required, *added, *rest], key=lambda p: _rank(_panel(p), p in added))
    wrapped.__signature__ = own.replace(parameters=[*arguments, *options])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in (*arguments, *options)}
    return wrapped


def _panel(parameter: inspect.Parameter) -> str | None:
    (details,) = parameter.annotation.__metadata__
    panel: str | None = details.rich_help_panel
    return panel


def _rank(panel: str | None, added: bool) -> int:
    if panel in GROUPS:
        return GROUPS.index(panel)
    return len(GROUPS) if added else -1
