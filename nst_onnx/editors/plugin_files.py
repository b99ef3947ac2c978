"""Installation and removal of a plug-in's files in an editor's profile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.editors import engine_file, zip_setup
from nst_onnx.errors import PluginError
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

_PACKAGE = Path(__file__).resolve().parents[1]
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Installed:
    """An installed plug-in: its `folder`, and the `version` of nst-onnx that installed it (None: unknown)."""

    folder: Path
    version: str | None

    @property
    def current(self) -> bool:
        """Whether this version of nst-onnx installed it."""
        return self.version == __version__


def source() -> Path:
    """Return the folder with gimp/, krita/ and nst_client/: in the wheel, or in the checkout around it.

    Raises PluginError.
    """
    for folder in (_PACKAGE / "plugin_files", _PACKAGE.parent / "plugin"):
        if (folder / "nst_client").is_dir():
            return folder
    raise PluginError("this installation of nst-onnx has no plug-ins in it", "install nst-onnx again")


def install(
    files: Path, target: Path, install_line: str, prepare: Callable[[Path], None] | None = None
) -> Path:
    """Copy a plug-in's `files` to `target`, add nst_client/ and engine.json, and return `target`.

    The new copy replaces an older one only when it is complete, after `prepare(copy)`. `install_line`: the
    command line that repeats the installation. Raises PluginError.
    """
    client = source() / "nst_client"
    new, old = (target.with_name(f"{prefix}{target.name}") for prefix in (".new-", ".old-"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(files, new, ignore=_IGNORED)
        shutil.copytree(client, new / "nst_client", ignore=_IGNORED)
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
    """Remove a plug-in's folder and return it; None where there is none. Raises PluginError."""
    if not target.is_dir():
        return None
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise PluginError(f"cannot remove {target}: {system_reason(error)}") from None
    return target


def installed(target: Path, main_file: str) -> Installed | None:
    """Return the plug-in whose folder is `target`; None where `main_file` is not in it."""
    return Installed(target, installed_version(target)) if (target / main_file).is_file() else None


def installed_version(target: Path) -> str | None:
    """Return the version of nst-onnx that a plug-in is of; None where neither engine.json nor a ZIP says."""
    try:
        return str(engine_file.read(target)["version"])
    except (PluginError, KeyError):
        setup = zip_setup.read(target)
        return None if setup is None else setup.version
