"""The Python for the engine: the system's, where it is suitable, or one that uv installs."""

from __future__ import annotations

import os
import sys

from ..failure import Failure
from ..translation import _
from .command import CommandError
from .uv_output import Downloads
from .uv_program import Uv

SUITABLE = ">=3.11,<3.15"
MEGABYTES = 30
"""The size of a Python to download, 10⁶ bytes."""
_BUNDLES = ("APPDIR", "SNAP", "FLATPAK_ID")


def choose(uv: Uv, version: str, downloads: Downloads) -> str:
    """Return the program of a suitable Python; one of `version` is installed where there is none.

    Raises Failure, Cancelled.
    """
    managed = ["python", "find", "--managed-python", "--no-python-downloads", version]
    searches = [managed]
    if may_use_systems():
        searches.insert(0, ["python", "find", "--system", "--no-python-downloads", SUITABLE])
    for search in searches:
        found = _found(uv, search)
        if found:
            return found
    try:
        uv.run("python", "install", "--no-bin", *_NO_REGISTRY, version, on_line=downloads.read)
    except Failure as failure:
        text = _("Python {version} cannot be installed: {reason}").format(version=version, reason=failure)
        raise Failure(text, _("or install Python {version} yourself").format(version=version)) from failure
    return uv.run(*managed)[-1]


_NO_REGISTRY = ("--no-registry",) if sys.platform == "win32" else ()


def may_use_systems() -> bool:
    """Return whether the engine may use a Python of the system.

    Only on Linux, and outside of bundles: within those, and on Windows and macOS, the one on PATH may be the
    editor's own, for which there are no packages, or one that is gone after the editor's next update.
    """
    return sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _BUNDLES)


def _found(uv: Uv, search: list[str]) -> str:
    try:
        lines = uv.attempt(*search)
    except CommandError:
        return ""
    return lines[-1] if lines else ""
