"""Commands that paint as ``stylize`` does: its controls become theirs, without being written again."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from nst_onnx.cli import config
from nst_onnx.cli.stylize import stylize


def with_its_controls(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command(…, **controls)`` each control of `stylize` (what a configuration may hold) as an option.

    To typer the signature says what options there are; `command` gets them by name, None where not given.
    """
    own = inspect.signature(command, eval_str=True)
    theirs = inspect.signature(stylize, eval_str=True).parameters
    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters += [p for name, p in theirs.items() if name in config.TYPES and name not in own.parameters]
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command
