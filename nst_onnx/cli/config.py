"""Controls from a TOML file: the same names as on the command line, with underscores."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nst_onnx.cli import syntax
from nst_onnx.errors import OptionError

NUMBER, WHOLE, TEXT, SWITCH = (int, float), (int,), (str,), (bool,)
BESIDES_OPTIONS: Mapping[str, tuple[type, ...]] = {
    "model": TEXT,
    "device": TEXT,
    "threads": WHOLE,
    "channel_order": TEXT,
    "scale": NUMBER,
    "mean": (str, list),
    "std": (str, list),
    "bits": WHOLE,
    "quality": WHOLE,
}
"""What a configuration may hold besides the library's options, and of which type."""


def read(path: Path) -> dict[str, Any]:
    """Return the controls in the TOML file at `path`; layers and weights are TOML's lists and tables,
    or text as on the command line.

    Raises OptionError where the file cannot be read, is no TOML, or names something that is no control.
    """
    from nst_onnx.options import Options

    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"cannot read the configuration {path}: {reason}", "check the path") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise OptionError(f"the configuration {path} is not TOML: {error}") from error
    known = [field.name for field in fields(Options)] + list(BESIDES_OPTIONS)
    for name, value in values.items():
        if name not in known:
            near = get_close_matches(name.replace("-", "_"), known, 1)
            hint = f"did you mean {near[0]}" if near else f"options are: {', '.join(known)}"
            raise OptionError(f"the configuration {path} has an unknown option {name!r}", hint)
        types = BESIDES_OPTIONS.get(name)
        if types and (isinstance(value, bool) or not isinstance(value, types)):
            raise OptionError(f"the configuration {path} gives {name} a value of the wrong type: {value!r}")
    return {name: _plain(name, value) for name, value in syntax.parse(values).items()}


def _plain(name: str, value: Any) -> Any:
    """Sizes are tuples to the library, lists to TOML."""
    return tuple(value) if name == "size" and isinstance(value, list) else value
