"""Engines that were set up from inside editors: found, used by plug-ins, and removed."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..discovery import FILE, find
from ..errors import EngineError
from .folders import Folders
from .parts import Parts

_COMPLETE = "complete.json"
_PLUG_INS = "plug-ins.json"
_FACTS = ("command", "version", "wheel", "openvino")


@dataclass(frozen=True)
class SetUpEngine:
    """A complete engine in `folder`: its worker's `command`, `version`, and the SHA-256 of its `wheel`."""

    folder: Path
    command: list[str]
    version: str
    wheel: str
    openvino: bool

    def write(self) -> None:
        """Mark the engine as complete. Raises OSError."""
        _write(self.folder / _COMPLETE, {name: getattr(self, name) for name in _FACTS})


def complete(folders: Folders) -> list[SetUpEngine]:
    """Return the complete engines, the newest last."""
    found = []
    for marker in folders.engines.glob(f"*/{_COMPLETE}"):
        try:
            facts = json.loads(marker.read_text("utf-8"))
            engine = SetUpEngine(marker.parent, *(facts[name] for name in _FACTS))
            if Path(engine.command[0]).exists():
                found.append((marker.stat().st_mtime, engine))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
    return [engine for _, engine in sorted(found, key=lambda pair: pair[0])]


def matching(folders: Folders, parts: Parts, openvino: bool | None = None) -> SetUpEngine | None:
    """Return an engine made of these parts, with or without OpenVINO; None where there is none."""
    found = [e for e in complete(folders) if e.wheel == parts.wheel_sha256 and openvino in (None, e.openvino)]
    return found[-1] if found else None


def use(engine: SetUpEngine, folders: Folders, plug_in: Path, menu: str) -> None:
    """Have the plug-in in the folder `plug_in` use an engine, and those whose engine has the same wheel.

    `menu`: the plug-in's menu entry for the set-up. The caller holds the lock. Raises OSError.
    """
    known = _plug_ins(folders)
    for other in map(Path, known or ()):
        old = used_by(folders, other)
        if old is not None and old.wheel == engine.wheel and other != plug_in:
            _write_engine_file(engine, other, find(other).install)
    _write_engine_file(engine, plug_in, menu)
    if known is not None and str(plug_in) not in known:  # a damaged list stays: it protects all engines
        _write(folders.root / _PLUG_INS, [*known, str(plug_in)])


def _write_engine_file(engine: SetUpEngine, plug_in: Path, menu: str) -> None:
    facts = {"command": engine.command, "version": engine.version, "install": menu}
    _write(plug_in / FILE, {**facts, "inside": True, "wheel": engine.wheel})


def used_by(folders: Folders, plug_in: Path) -> SetUpEngine | None:
    """Return the engine that a plug-in uses, where it was set up from inside an editor."""
    try:
        command = find(plug_in).command
    except EngineError:
        return None
    return next((engine for engine in complete(folders) if engine.command == command), None)


def remove_all(folders: Folders) -> None:
    """Remove the engines of all editors, and all that uv has stored. Raises OSError."""
    for plug_in in map(Path, _plug_ins(folders) or ()):
        if used_by(folders, plug_in) is not None:
            (plug_in / FILE).unlink()
    _write(folders.root / _PLUG_INS, [])
    remove_unused(folders)


def remove_unused(folders: Folders) -> None:
    """Remove engines that no plug-in uses, and unfinished ones; with the last one, all that uv has stored.

    Where the list of plug-ins is damaged, any engine may be in use, and only unfinished ones are removed.
    Raises OSError.
    """
    users = _plug_ins(folders)
    if users is None:
        remove_unfinished(folders)
        return
    used = {engine.folder for user in users if (engine := used_by(folders, Path(user))) is not None}
    if folders.engines.is_dir():
        for folder in folders.engines.iterdir():
            if folder not in used:
                _remove(folder)
    if not used:
        for folder in (folders.engines, folders.pythons, folders.tools, folders.cache, folders.downloads):
            shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(folders: Folders) -> None:
    """Remove what a killed set-up or removal has left of an engine."""
    for folder in folders.engines.iterdir() if folders.engines.is_dir() else ():
        if not (folder / _COMPLETE).is_file():
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove an engine; one that is removed only in part is no longer complete."""
    with contextlib.suppress(OSError):
        (folder / _COMPLETE).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _plug_ins(folders: Folders) -> list[str] | None:
    """Return the folders of plug-ins that have used an engine from here; None where their list is damaged.

    Raises OSError where the list is there but cannot be read.
    """
    try:
        names = json.loads((folders.root / _PLUG_INS).read_text("utf-8"))
    except FileNotFoundError:
        return []
    except ValueError:
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _write(path: Path, facts: dict[str, Any] | list[str]) -> None:
    """Write JSON, complete or not at all. Raises OSError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
