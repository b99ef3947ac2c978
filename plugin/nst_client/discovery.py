"""Where the engine is: engine.json beside the plug-in, written when the plug-in was installed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError

FILE = "engine.json"
SANDBOX = Path("/.flatpak-info")
"""What is there inside of a Flatpak, where the computer's own files are elsewhere or hidden."""
INSTALL = "nst-onnx plugin install"
_REINSTALL = f"run `{INSTALL}` again, in the environment where nst-onnx is installed"


@dataclass(frozen=True)
class FoundEngine:
    """How the engine is started; `version` of nst-onnx that installed the plug-in.

    `install`: what a person runs to have that done again.
    """

    command: list[str]
    version: str
    install: str


def find(folder: str | os.PathLike[str]) -> FoundEngine:
    """Return the engine that a plug-in in `folder` was installed with.

    Raises EngineError where engine.json is missing or damaged, and where its program is no longer there.
    """
    path = Path(folder) / FILE
    try:
        facts = json.loads(path.read_text("utf-8"))
        command = facts["command"]
        if not isinstance(command, list) or not command or not all(isinstance(w, str) for w in command):
            raise ValueError("its command is none")
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
