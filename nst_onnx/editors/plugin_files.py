"""Copying a plug-in into an editor's profile, and taking it out again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.editors import engine_file, source
from nst_onnx.editors.errors import PluginError
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Installed:
    """`folder`: the plug-in's; `version` of nst-onnx that it came from, None where it does not say."""

    folder: Path
    version: str | None

    @property
    def current(self) -> bool:
        """Whether it came from this very version."""
        return self.version == __version__


def place(
    target: Path, editor: str, install_line: str, prepare: Callable[[Path], None] | None = None
) -> Path:
    """Put the plug-in of an editor ("gimp", "krita") at `target`, with its client and engine.json.

    What was there before is replaced only when the new one is complete; `prepare` does the rest for that.
    `install_line`: what a person runs to have this done again. Raises PluginError.
    """
    files = source.folder()
    new, old = (target.with_name(f"{prefix}{target.name}") for prefix in (".new-", ".old-"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(files / editor / target.name, new, ignore=_IGNORED)
        shutil.copytree(files / "nst_client", new / "nst_client", ignore=_IGNORED)
        engine_file.write(new, install_line)
        if prepare is not None:
            prepare(new)
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        reason = system_reason(error)
        raise PluginError(
            f"cannot install into {target.parent}: {reason}",
            "see that you may write there, close the editor, and try again",
        ) from None
    return target


def remove(target: Path) -> Path | None:
    """Remove a plug-in; return what was removed. Raises PluginError."""
    if not target.is_dir():
        return None
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise PluginError(f"cannot remove {target}: {system_reason(error)}") from None
    return target


def version_in(target: Path) -> str | None:
    """Return the version of nst-onnx that an installed plug-in came from; None where it does not say."""
    try:
        return str(engine_file.read(target)["version"])
    except (PluginError, KeyError):
        return None
