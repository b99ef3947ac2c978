"""Client of the worker, used by every editor's plug-in. Standard library only, Python 3.9 or later."""

from __future__ import annotations

from .client import Engine, Job
from .discovery import FoundEngine, find
from .errors import EngineError
from .events import Accepted, Cancelled, Done, Error, Event, Hello, Preview, Progress
from .pixels import Pixels

__all__ = [
    "Accepted",
    "Cancelled",
    "Done",
    "Engine",
    "EngineError",
    "Error",
    "Event",
    "FoundEngine",
    "Hello",
    "Job",
    "Pixels",
    "Preview",
    "Progress",
    "find",
]
