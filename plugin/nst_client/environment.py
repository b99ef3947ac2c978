"""How a process is started from within an editor: without what the editor set up for itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# What an editor sets for the Python inside it would break any other Python.
_OF_PYTHON = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_PRELOAD")


def environment() -> dict[str, str]:
    """Return the environment for the engine."""
    chosen = {name: value for name, value in os.environ.items() if name not in _OF_PYTHON}
    bundles = [os.environ[name] for name in ("APPDIR", "SNAP") if os.environ.get(name)]
    for name in _LIBRARY_PATHS:
        paths = [path for path in chosen.pop(name, "").split(os.pathsep) if path]
        kept = [path for path in paths if not any(path.startswith(bundle) for bundle in bundles)]
        if kept:
            chosen[name] = os.pathsep.join(kept)
    chosen["PYTHONSAFEPATH"] = "1"  # whatever lies in the working directory is not to be imported
    if sys.getfilesystemencoding().lower().replace("-", "") == "utf8":
        chosen["PYTHONUTF8"] = "1"  # so that both mean the same by a file name
    return chosen


def how_to_start() -> dict[str, Any]:
    """Return Popen's arguments for a process that no terminal's Ctrl-C and no console window touches.

    It works in the home folder: where the editor was started from is an accident.
    """
    home = Path.home()
    chosen: dict[str, Any] = {"env": environment(), "cwd": home if home.is_dir() else None}
    if sys.platform == "win32":
        chosen["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        chosen["start_new_session"] = True
    return chosen
