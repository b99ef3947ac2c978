"""Controls from a TOML file: the same names as on the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nst_onnx.cli import syntax
from nst_onnx.errors import OptionError
from nst_onnx.support.library_errors import system_reason

NUMBER, WHOLE, TEXT, SWITCH = (int, float), (int,), (str,), (bool,)
TYPES: Mapping[str, tuple[type, ...]] = {
    "preset": TEXT,
    "size": (int, tuple),
    "style_scale": NUMBER,
    "style_weights": (list,),
    "strength": NUMBER,
    "content_weight": NUMBER,
    "style_weight": NUMBER,
    "tv_weight": NUMBER,
    "content_layers": (list, dict),
    "style_layers": (list, dict),
    "pooling": TEXT,
    "preserve_colour": TEXT,
    "init": TEXT,
    "quality": TEXT,
    "steps": WHOLE,
    "max_seconds": NUMBER,
    "pyramid": SWITCH,
    "optimiser": TEXT,
    "learning_rate": NUMBER,
    "min_change": NUMBER,
    "averaging": NUMBER,
    "seed": WHOLE,
    "model": TEXT,
    "device": TEXT,
    "threads": WHOLE,
    "max_memory": (int, str),
    "channel_order": TEXT,
    "scale": NUMBER,
    "mean": (list, tuple),
    "std": (list, tuple),
    "bits": WHOLE,
    "jpeg_quality": WHOLE,
    "temporal_weight": NUMBER,
    "frame_steps": WHOLE,
    "crf": WHOLE,
}
"""What a configuration may hold, and of which type."""


def read(path: Path) -> dict[str, Any]:
    """Return the controls in the TOML file at `path`; layers and weights are TOML's lists and tables,
    or text as on the command line.

    Raises OptionError where the file cannot be read, is no TOML, or names something that is no control.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = system_reason(error)
        raise OptionError(f"cannot read the configuration {path}: {reason}", "check the path") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise OptionError(f"the configuration {path} is not TOML: {error}") from error
    known: dict[str, Any] = {}
    for written, value in values.items():
        name = syntax.spelling(written).replace("-", "_")
        if name not in TYPES:
            near = get_close_matches(name, TYPES, 1)
            hint = f"did you mean {near[0]}?" if near else f"options are: {', '.join(TYPES)}"
            raise OptionError(f"the configuration {path} has an unknown option {written!r}", hint)
        if name in known:
            raise OptionError(f"the configuration {path} gives {name} twice")
        known[name] = value
    values = {name: _plain(name, value) for name, value in syntax.parse(known).items()}
    for name, value in values.items():
        if not _fits(name, value):
            raise OptionError(f"the configuration {path} gives {name} a value of the wrong kind: {value!r}")
    return values


def _plain(name: str, value: Any) -> Any:
    """Sizes are tuples to the library, lists to TOML."""
    return tuple(value) if name == "size" and isinstance(value, list) else value


def _fits(name: str, value: Any) -> bool:
    types = TYPES[name]
    if isinstance(value, bool) and types is not SWITCH:
        return False
    parts = value if isinstance(value, list) and name.endswith("_layers") else []
    return isinstance(value, types) and all(isinstance(part, str) for part in parts)
