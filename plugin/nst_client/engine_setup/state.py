"""Whether a plug-in from a ZIP has its engine, lacks it, or has one of another version."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..discovery import find
from ..errors import EngineError
from ..failure import Failure
from . import engines
from .folders import Folders
from .lock import locked
from .parts import Parts

READY, MISSING, OUTDATED = "ready", "missing", "outdated"
_PATIENCE = 1.0
"""Seconds to wait for another editor that takes the same engine; an interface waits meanwhile."""


def state(plug_in: Path, folders: Folders) -> str:
    """Return READY, MISSING or OUTDATED; READY also for a plug-in that `nst-onnx plugin install` installed.

    An engine of the same version that another editor has set up is taken at once.
    """
    parts = Parts.of(plug_in)
    if parts is None:
        return READY
    found = _state(plug_in, parts)
    if found == READY:
        return READY
    existing = engines.matching(folders, parts)
    if existing is not None:
        with contextlib.suppress(OSError, Failure), locked(folders.root, _PATIENCE):
            engines.use(existing, folders, plug_in, parts.menu)
            return READY
    return found


def _state(plug_in: Path, parts: Parts) -> str:
    try:
        found = find(plug_in)
    except EngineError:
        return MISSING
    same = found.wheel == parts.wheel_sha256 if found.inside else found.version == parts.version
    return READY if same else OUTDATED
