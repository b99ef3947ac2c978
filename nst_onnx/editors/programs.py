"""Programs of editors: where they are, and what version they print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


def find(name: str, *, mac: str, windows: str) -> Iterator[str]:
    """Yield the program `name`, if there is one.

    `mac`: the application's name among the applications; `windows`: its folder in the folder of programs.
    """
    paths: list[str | None] = [None]  # None: PATH
    if sys.platform == "darwin":
        paths.append(f"/Applications/{mac}.app/Contents/MacOS")
    if sys.platform == "win32" and os.environ.get("PROGRAMFILES"):
        paths.append(str(Path(os.environ["PROGRAMFILES"], windows, "bin")))
    for path in paths:
        program = shutil.which(name, path=path)
        if program:
            yield program
            return


def printed_version(lines: Iterable[list[str]]) -> str | None:
    """Return the version, "5.0.1", that the first of the command `lines` prints which does; None for none."""
    for line in lines:
        try:
            printed = subprocess.run(line, capture_output=True, text=True, timeout=60).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        found = _VERSION.search(printed)
        if found:
            return found.group()
    return None
