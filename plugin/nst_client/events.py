"""What the engine tells while it works. `last` events end a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .pixels import Pixels


@dataclass(frozen=True)
class Hello:
    """What the engine is and has."""

    version: str
    python: str
    models: list[dict[str, str]]
    devices: list[str]
    presets: list[str]
    qualities: dict[str, dict[str, int]]
    folder: str


@dataclass(frozen=True)
class Event:
    """Base of all that a job tells."""

    last = False


@dataclass(frozen=True)
class Accepted(Event):
    """The engine has taken the job on."""


@dataclass(frozen=True)
class Progress(Event):
    """How far it is: step of steps (over all scales), and the scale (0-based) of scales.

    `seconds_left` is None while nothing can be said of it.
    """

    scale: int
    scales: int
    step: int
    steps: int
    losses: dict[str, float]
    seconds: float
    seconds_left: float | None

    @property
    def fraction(self) -> float:
        """How much is done, 0..1."""
        return min(1.0, self.step / max(1, self.steps))


@dataclass(frozen=True)
class Preview(Event):
    """The picture as it is now, RGB, smaller than the result will be."""

    picture: Pixels


@dataclass(frozen=True)
class Done(Event):
    """The result: f32, RGB, or RGBA where the content had transparency. `stopped`: before its time."""

    picture: Pixels
    stopped: bool
    settings: dict[str, Any]
    last = True


@dataclass(frozen=True)
class Cancelled(Event):
    """It was cancelled; there is no result."""

    last = True


@dataclass(frozen=True)
class Error(Event):
    """It failed. `message` and `hint` are for a person.

    `code`: picture, option, model, device, protocol, busy, internal; or, where the engine itself failed,
    died or hangs. `log`: then the end of its log.
    """

    code: str
    message: str
    hint: str = ""
    log: str = field(default="", repr=False)
    last = True
