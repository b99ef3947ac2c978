"""Entry point of the command; errors become one line and an exit code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from nst_onnx.cli import standard_streams
from nst_onnx.cli.errors import FAILED, INTERRUPTED, explain, one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``nst-onnx`` with `arguments` (default: the process's own) and return the exit code.

    0: done. 1: an error, reported in one line on standard error. 2: likewise, because the command line, or an
    option in its configuration, makes no sense. 130: interrupted. ``--debug``, anywhere on the line, lets
    errors through with their traceback.
    """
    standard_streams.prepare()
    words, debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings():
        if not debug:
            _show_own_warnings()
        try:
            return _run(words)
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            standard_streams.silence()
            return FAILED
        except Exception as error:
            if isinstance(error, OSError) and standard_streams.is_lost(error):
                standard_streams.silence()
            elif debug:
                raise
            line, code = explain(error)
            if line:
                print(line, file=sys.stderr)
            return code


def _run(words: list[str]) -> int:
    import typer

    from nst_onnx.cli.app import build
    from nst_onnx.cli.help_types import without_types

    try:
        command = without_types(typer.main.get_command(build()))
        code = command.main(words, prog_name="nst-onnx", standalone_mode=False)
        sys.stdout.flush()
    except typer.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out, wherever it stands before a ``--``."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return kept + words[end:], len(kept) < end


def _show_own_warnings() -> None:
    """Print nst-onnx's warnings in one line each; other libraries' are for developers."""
    warnings.simplefilter("default")

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if category.__module__.startswith("nst_onnx"):
            print(one_line("warning", str(message)), file=sys.stderr)

    warnings.showwarning = show
