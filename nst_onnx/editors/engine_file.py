"""engine.json: the command by which an installed plug-in starts the worker of this nst-onnx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict, cast

from nst_onnx.errors import PluginError
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

NAME = "engine.json"
_TIMEOUT = 120  # seconds


class EngineFacts(TypedDict, total=False):
    """The contents of engine.json; only `command` is certain to be there."""

    command: list[str]
    version: str
    install: str
    inside: bool


def command() -> list[str]:
    """Return the command that starts the worker of this installation."""
    return [sys.executable, "-m", "nst_onnx.worker"]


def environment() -> dict[str, str]:
    """Return this process's environment, in which Python imports nothing from the working folder."""
    return os.environ | {"PYTHONSAFEPATH": "1"}


def write(folder: Path, install_line: str) -> None:
    """Write engine.json for this installation; `install_line`: the command line that repeats it."""
    facts = {"command": command(), "version": __version__, "install": install_line}
    (folder / NAME).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> EngineFacts:
    """Return the contents of engine.json in `folder`. Raises PluginError."""
    file = folder / NAME
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if not all(isinstance(word, str) for word in facts["command"]) or not facts["command"]:
            raise TypeError
    except OSError:
        raise PluginError(f"{file} is missing") from None
    except (ValueError, KeyError, TypeError):
        raise PluginError(f"{file} is damaged") from None
    return cast(EngineFacts, facts)


def worker_version(command: list[str]) -> str:
    """Start the worker, end it at once, and return the version in its hello.

    Raises PluginError, without a hint where the plug-in has to be installed again.
    """
    python = command[0]
    try:
        done = subprocess.run(
            command, input="", env=environment(), capture_output=True, text=True, timeout=_TIMEOUT
        )
        message = json.loads((done.stdout.splitlines() or [""])[0])
    except FileNotFoundError:
        raise PluginError(f"the environment of nst-onnx was moved or removed: {python} is gone") from None
    except OSError as error:
        raise PluginError(f"{python} does not start: {system_reason(error)}") from None
    except subprocess.TimeoutExpired:
        raise PluginError("the worker did not answer", "see what is wrong: nst-onnx doctor") from None
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        if "No module named 'nst_onnx'" in last:
            raise PluginError(f"nst-onnx is no longer installed for {python}") from None
        raise PluginError(f"the worker does not start: {last}") from None
    if message.get("event") != "hello":
        raise PluginError(
            f"the worker does not start: {message.get('message', message)}", message.get("hint", "")
        )
    return str(message.get("version"))
