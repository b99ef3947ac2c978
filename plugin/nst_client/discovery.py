"""Discovery of the engine by engine.json, which the installation wrote into the plug-in's folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .engine_setup.parts import Parts
from .errors import EngineError
from .remedies import Remedies, in_a_terminal, in_the_editor
from .translation import _

FILE = "engine.json"
SANDBOX = Path("/.flatpak-info")
"""A file that exists inside of a Flatpak, whose sandbox hides or moves the host's files."""
INSTALL = "nst-onnx plugin install"
_REINSTALL = f"run `{INSTALL}` again, in the environment where nst-onnx is installed"


@dataclass(frozen=True)
class FoundEngine:
    """The `command` that starts the engine, and the `version` of nst-onnx that installed the plug-in.

    `install`: the command line that repeats the installation, or the menu entry where the engine was set up
    from inside the editor (`inside`), whose sandbox it then shares. `wheel`: for such an engine, the SHA-256
    of the wheel it was installed from.
    """

    command: list[str]
    version: str
    install: str
    inside: bool = False
    wheel: str = ""

    @property
    def remedies(self) -> Remedies:
        """What to do where this engine does not work."""
        return in_the_editor(self.install) if self.inside else in_a_terminal(self.install)


def find(folder: str | os.PathLike[str]) -> FoundEngine:
    """Return the engine of the plug-in in `folder`.

    Raises EngineError where engine.json is missing or damaged, or its program no longer exists.
    """
    path = Path(folder) / FILE
    parts = Parts.of(Path(folder))
    remedy = _REINSTALL if parts is None else in_the_editor(parts.menu).install
    try:
        facts = json.loads(path.read_text("utf-8"))
        command = facts["command"]
        if not isinstance(command, list) or not command or not all(isinstance(w, str) for w in command):
            raise ValueError("its command is not a list of words")
        found = FoundEngine(
            command,
            str(facts["version"]),
            str(facts.get("install", INSTALL)),
            facts.get("inside") is True,
            str(facts.get("wheel", "")),
        )
    except FileNotFoundError:
        if parts is not None:
            raise EngineError(
                _("the engine is not set up yet"), _("set it up: {menu}").format(menu=parts.menu)
            ) from None
        raise EngineError(f"this plug-in was not installed by nst-onnx: {path} is missing", remedy) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{path} cannot be used ({error})", remedy) from error
    program = Path(command[0])
    hidden = SANDBOX.exists() and not found.inside
    if program.is_absolute() and not program.exists() and not hidden:
        remedy = found.remedies.install if found.inside else remedy
        raise EngineError(f"the Python that nst-onnx was installed in is gone: {program}", remedy)
    return found
