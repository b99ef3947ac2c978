"""The styles that have a name: those that ship with nst-onnx, and the user's own."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.feedforward.learned_style import SUFFIX, LearnedStyle
from nst_onnx.models import catalogue
from nst_onnx.support.arguments import shown

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SHIPPED = Path(__file__).resolve().parents[1] / "styles"


def own_folder() -> Path:
    """Return the folder of the user's own styles: in NST_ONNX_HOME, or the platform's for data.

    It may not exist yet. Unlike models, styles cannot be fetched again: they are not in the cache.
    """
    if os.environ.get("NST_ONNX_HOME"):
        return catalogue.home() / "styles"
    import platformdirs

    try:
        return Path(platformdirs.user_data_dir("nst-onnx", appauthor=False)) / "styles"
    except RuntimeError:  # a user without a home and without an entry in the list of users
        return Path(os.devnull) / "styles"


def files() -> dict[str, Path]:
    """Return {name: file} of every named style, sorted; the user's own come before shipped ones of that
    name.
    """
    found: dict[str, Path] = {}
    for folder in (_SHIPPED, own_folder()):
        if folder.is_dir():
            paths = (path for path in folder.glob(f"*{SUFFIX}") if path.is_file())
            found |= {path.stem: path for path in paths if _NAME.fullmatch(path.stem)}
    return dict(sorted(found.items()))


def check_name(name: object) -> str:
    """Return a style's name. Raises OptionError for what cannot be one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise OptionError(
            f"{shown(name)} cannot be the name of a style",
            "use small letters, digits, dashes and underscores",
        )
    return name


def path_for(name: str) -> Path:
    """Return the file of a new style of the user's own. Raises OptionError for a name that cannot be one."""
    return own_folder() / f"{check_name(name)}{SUFFIX}"


def find(given: object) -> LearnedStyle | None:
    """Return the learned style that a style argument means: itself, a file ``.nst``, or a name.

    None where it means a picture: a file of that name is a picture. Raises ModelError for a damaged file.
    """
    if isinstance(given, LearnedStyle):
        return given
    text = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(text, str):
        return None
    if text.lower().endswith(SUFFIX):
        path = Path(text)
        with suppress(RuntimeError):  # no home of that user
            path = path.expanduser()
        return LearnedStyle.load(path)
    if not _NAME.fullmatch(text) or Path(text).is_file():
        return None
    named = files().get(text)
    return None if named is None else LearnedStyle.load(named)
