"""Options from a TOML file: the same names as on the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from nst_onnx.cli.run_options import RunOptions
from nst_onnx.cli.spelling import dashed
from nst_onnx.errors import OptionError
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.painting.option import Option
from nst_onnx.support.library_errors import system_reason


def options() -> Mapping[str, Option]:
    """Return the declarations of all options that a configuration may hold, by name."""
    return {**VideoOptions.table(), **RunOptions.table()}


def read(path: Path) -> dict[str, object]:
    """Return the options in the TOML file at `path`; layers and weights are TOML's lists and tables,
    or text as on the command line.

    Raises OptionError where the file cannot be read, is no TOML, or has an unknown option.
    """
    known = options()
    values: dict[str, object] = {}
    for written, value in _content(path).items():
        name = dashed(written).replace("-", "_")
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"options are: {', '.join(known)}"
            raise OptionError(f"the configuration {path} has an unknown option {written!r}", hint)
        if name in values:
            raise OptionError(f"the configuration {path} gives {name} twice")
        values[name] = known[name].load(value)
    for name, value in values.items():
        if not known[name].type.is_stored_as(value):
            raise OptionError(f"the configuration {path} gives {name} a value of the wrong kind: {value!r}")
    return values


def _content(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(
            path.read_text("utf-8-sig")
        )  # Windows' editors begin files with a byte order mark
    except OSError as error:
        reason = system_reason(error)
        raise OptionError(f"cannot read the configuration {path}: {reason}", "check the path") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise OptionError(f"the configuration {path} is not TOML: {error}") from error
