"""Environment of the engine process: the editor's own, without the variables meant for the editor itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# An editor sets these for its embedded Python; they break any other Python.
_PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_PRELOAD")
_SYSTEM_LIBRARIES = ("libstdc++.so", "libgcc_s.so", "libc.so", "libc++.", "libglib-2.0.", "libpython3")


def environment() -> dict[str, str]:
    """Return the environment for the engine."""
    chosen = {name: value for name, value in os.environ.items() if name not in _PYTHON_VARIABLES}
    bundles = [os.environ[name] for name in ("APPDIR", "SNAP") if os.environ.get(name)]
    for name in _LIBRARY_PATHS:
        paths = [path for path in chosen.pop(name, "").split(os.pathsep) if path]
        kept = [
            path
            for path in paths
            if not any(path.startswith(bundle) for bundle in bundles) and not _is_bundled(Path(path))
        ]
        if kept:
            chosen[name] = os.pathsep.join(kept)
    chosen["PYTHONSAFEPATH"] = "1"  # import nothing from the working directory
    if sys.getfilesystemencoding().lower().replace("-", "") == "utf8":
        chosen["PYTHONUTF8"] = "1"  # both processes must encode file names alike
    return chosen


def _is_bundled(path: Path) -> bool:
    """Whether a folder, or a library, brings a C++ or C library of its own: an editor's unpacked AppImage.

    Such libraries would take the place of the system's, which the engine was made for.
    """
    try:
        names = [one.name for one in path.iterdir()] if path.is_dir() else [path.name]
    except OSError:
        return False
    return any(name.startswith(_SYSTEM_LIBRARIES) for name in names)


def start_process(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a process with pipes, without a console window and without the terminal's Ctrl-C.

    Its working directory is the home folder, whatever the editor's is. Raises OSError, ValueError.
    """
    home, pipe = Path.home(), subprocess.PIPE
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
        cwd=home if home.is_dir() else None,
        creationflags=flags,
        start_new_session=sys.platform != "win32",
    )
