"""Error messages: one line each, and an exit code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nst_onnx.cli.standard_streams import is_lost
from nst_onnx.errors import NstError, OptionError
from nst_onnx.support.library_errors import system_reason

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
_COMMANDS = ("pip ", "nst-onnx ")  # a hint that begins with a command keeps its case


class UsageError(OptionError):
    """The command line, or its configuration, gives an option a value that makes no sense."""


@contextmanager
def reading_options() -> Iterator[None]:
    """Raise every OptionError inside the block as a UsageError."""
    try:
        yield
    except OptionError as error:
        raise UsageError(str(error), error.hint) from error


def explain(error: Exception) -> tuple[str, int]:
    """Return the message of `error` on one line (empty: help has been shown), and the exit code."""
    if isinstance(error, NstError):
        code = MISUSED if isinstance(error, UsageError) else FAILED
        return one_line("error", str(error), error.hint), code
    if hasattr(error, "format_message"):  # what typer raises for a line that it cannot understand
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "nst-onnx"
        message = _lower(error.format_message())
        return (one_line("error", message, f"see `{path} --help`") if message else ""), MISUSED
    if isinstance(error, MemoryError):
        return one_line("error", "there is not enough memory", "choose a smaller --size"), FAILED
    if isinstance(error, OSError) and error.strerror:  # the system's doing, wherever it happened
        reason = system_reason(error)
        if error.filename:
            reason = f"cannot use {shown_name(error.filename)}: {reason}"
        elif is_lost(error):
            reason = f"cannot write the output: {reason}"
        return one_line("error", reason), FAILED
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return one_line("error", f"this is a bug in nst-onnx: {what}", "see where with --debug"), FAILED


def shown_name(name: object) -> str:
    """Return the name of a file in an error of the system, which may be bytes or a number."""
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else str(name)


def one_line(kind: str, message: str, hint: str = "") -> str:
    """Return ``kind: MESSAGE. HINT.`` on one line."""
    parts = [" ".join(part.split()).rstrip(".") for part in (message, hint)]
    if not parts[1].startswith(_COMMANDS):
        parts[1] = parts[1][:1].upper() + parts[1][1:]
    return f"{kind}: " + " ".join(part if part.endswith("?") else f"{part}." for part in parts if part)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
