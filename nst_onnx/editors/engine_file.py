"""engine.json: how an installed plug-in finds the Python in which nst-onnx is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nst_onnx.editors.errors import PluginError
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

NAME = "engine.json"
_PATIENCE = 120  # seconds


def command() -> list[str]:
    """Return what starts the worker of this installation."""
    return [sys.executable, "-m", "nst_onnx.worker"]


def write(folder: Path, install_line: str) -> None:
    """Write engine.json into a plug-in's `folder`, for this installation; `install_line`: how to renew it."""
    facts = {"command": command(), "version": __version__, "install": install_line}
    (folder / NAME).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """Return what engine.json in `folder` says. Raises PluginError."""
    file = folder / NAME
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if not all(isinstance(word, str) for word in facts["command"]) or not facts["command"]:
            raise TypeError
    except OSError:
        raise PluginError(f"{file} is missing") from None
    except (ValueError, KeyError, TypeError):
        raise PluginError(f"{file} is damaged") from None
    return dict(facts)


def hello(command: list[str]) -> dict[str, Any]:
    """Start the worker, let it end at once, and return what it said.

    Raises PluginError, without a hint where the plug-in has to be installed again.
    """
    python = command[0]
    try:
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=_PATIENCE)
        said = json.loads((done.stdout.splitlines() or [""])[0])
    except FileNotFoundError:
        raise PluginError(f"the environment of nst-onnx was moved or removed: {python} is gone") from None
    except OSError as error:
        raise PluginError(f"{python} does not start: {system_reason(error)}") from None
    except subprocess.TimeoutExpired:
        raise PluginError("the worker did not answer", "see what is wrong: nst-onnx doctor") from None
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if "No module named 'nst_onnx'" in last:
            raise PluginError(f"nst-onnx is no longer installed for {python}") from None
        raise PluginError(f"the worker does not start: {last}") from None
    if said.get("event") != "hello":
        raise PluginError(f"the worker does not start: {said.get('message', said)}", said.get("hint", ""))
    return dict(said)
