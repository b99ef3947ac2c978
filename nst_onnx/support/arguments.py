"""Arguments as users give them: paths, and any value in one line for a message."""

from __future__ import annotations

import os
from pathlib import Path

from nst_onnx.errors import NstError, OptionError

_LONGEST = 100  # characters of a value in a message


def shown(value: object) -> str:
    """Return a value's repr, in one line and shortened, for a message."""
    try:
        text = repr(value)
    except Exception:  # whole numbers of thousands of digits; a class of the user's
        return f"a {type(value).__name__} that cannot be shown"
    if "\n" in text:
        text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def resolved(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path without links, as far as it can be followed.

    `Path.resolve` fails with a RuntimeError for links that lead in a circle, and without a working folder.
    """
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return Path(path)


def is_file(path: Path) -> bool:
    """Whether there is a regular file; False also where one may not look, which `Path.is_file` raises."""
    try:
        return path.is_file()
    except OSError:
        return False


def path_of(value: object, what: str, error: type[NstError] = OptionError) -> Path:
    """Return a path that a user gave. Raises `error`, which says `what` it is of, where it is none."""
    if isinstance(value, str | os.PathLike):
        name = os.fspath(value)
        if isinstance(name, str) and "\0" not in name:
            return Path(name)
    raise error(f"{what} is named by its path, not by {shown(value)}")
