"""Discovery of the engine by engine.json, which the installation wrote into the plug-in's folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError

FILE = "engine.json"
SANDBOX = Path("/.flatpak-info")
"""A file that exists inside of a Flatpak, whose sandbox hides or moves the host's files."""
INSTALL = "nst-onnx plugin install"
_REINSTALL = f"run `{INSTALL}` again, in the environment where nst-onnx is installed"


@dataclass(frozen=True)
class FoundEngine:
    """The `command` that starts the engine, and the `version` of nst-onnx that installed the plug-in.

    `install`: the command line that repeats the installation.
    """

    command: list[str]
    version: str
    install: str


def find(folder: str | os.PathLike[str]) -> FoundEngine:
    """Return the engine of the plug-in in `folder`.

    Raises EngineError where engine.json is missing or damaged, or its program no longer exists.
    """
    path = Path(folder) / FILE
    try:
        facts = json.loads(path.read_text("utf-8"))
        command = facts["command"]
        if not isinstance(command, list) or not command or not all(isinstance(w, str) for w in command):
            raise ValueError("its command is not a list of words")
        found = FoundEngine(command, str(facts["version"]), str(facts.get("install", INSTALL)))
    except FileNotFoundError:
        raise EngineError(
            f"this plug-in was not installed by nst-onnx: {path} is missing", _REINSTALL
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{path} cannot be used ({error})", _REINSTALL) from error
    program = Path(command[0])
    if program.is_absolute() and not program.exists() and not SANDBOX.exists():
        raise EngineError(f"the Python that nst-onnx was installed in is gone: {program}", _REINSTALL)
    return found
