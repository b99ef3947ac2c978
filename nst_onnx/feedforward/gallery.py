"""The styles that have a name: those that ship with nst-onnx, and the user's own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.feedforward.learned_style import SUFFIX, LearnedStyle
from nst_onnx.models import catalogue

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SHIPPED = Path(__file__).resolve().parents[1] / "styles"


def own_folder() -> Path:
    """Return the folder of the user's own styles (it may not exist yet)."""
    return catalogue.home() / "styles"


def files() -> dict[str, Path]:
    """Return {name: file} of every named style, sorted; the user's own come before shipped ones of that
    name.
    """
    found: dict[str, Path] = {}
    for folder in (_SHIPPED, own_folder()):
        if folder.is_dir():
            found |= {path.stem: path for path in folder.glob(f"[!.]*{SUFFIX}")}
    return dict(sorted(found.items()))


def path_for(name: str) -> Path:
    """Return the file of a new style of the user's own. Raises OptionError for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise OptionError(
            f"{name!r} cannot be the name of a style", "use small letters, digits, dashes and underscores"
        )
    return own_folder() / f"{name}{SUFFIX}"


def find(given: object) -> LearnedStyle | None:
    """Return the learned style that a style argument means: itself, a file ``.nst``, or a name.

    None where it means a picture: a file of that name is a picture. Raises ModelError for a damaged file.
    """
    if isinstance(given, LearnedStyle):
        return given
    if not isinstance(given, str | os.PathLike):
        return None
    text = os.fspath(given)
    if not isinstance(text, str):
        return None
    if text.lower().endswith(SUFFIX):
        return LearnedStyle.read(Path(text).expanduser())
    if not _NAME.fullmatch(text) or Path(text).exists():
        return None
    path = files().get(text)
    return None if path is None else LearnedStyle.read(path)
