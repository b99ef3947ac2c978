"""Events of the worker: its hello, and what each job emits. An event with `last` set ends the job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .pixels import Pixels
from .protocol import Message


@dataclass(frozen=True)
class Hello:
    """The worker's hello: its version, and the models, devices, presets and qualities that it offers.

    `style_files`: {name: path} of the learned styles.
    """

    version: str
    python: str
    models: list[dict[str, str]]
    devices: list[str]
    presets: list[str]
    qualities: dict[str, dict[str, int]]
    folder: str
    style_files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Message) -> Hello:
        """Return the hello of a protocol message."""
        return cls(
            str(message.get("version")),
            str(message.get("python")),
            message.get("models", []),
            message.get("devices", []),
            message.get("presets", []),
            message.get("qualities", {}),
            str(message.get("folder")),
            message.get("style_files", {}),
        )


@dataclass(frozen=True)
class Event:
    """Base class of a job's events."""

    last = False


@dataclass(frozen=True)
class Accepted(Event):
    """The worker has accepted the job."""


@dataclass(frozen=True)
class Progress(Event):
    """Progress: step of steps (over all scales), and the scale (0-based) of scales.

    `seconds_left` is None while there is no estimate. `longest`: longest side at this scale, in pixels.
    """

    scale: int
    scales: int
    step: int
    steps: int
    losses: dict[str, float]
    seconds: float
    seconds_left: float | None
    longest: int

    @property
    def fraction(self) -> float:
        """The completed fraction, 0..1."""
        return min(1.0, self.step / max(1, self.steps))


@dataclass(frozen=True)
class Preview(Event):
    """The current picture, RGB, smaller than the result."""

    picture: Pixels


@dataclass(frozen=True)
class Done(Event):
    """The result: f32, RGB, or RGBA where the content had transparency. `stopped`: before the last step.

    `warnings`: sentences for the user. `notices`: of what is as it should be, such as a frame left out.
    """

    picture: Pixels
    stopped: bool
    settings: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    last = True


@dataclass(frozen=True)
class Cancelled(Event):
    """The job was cancelled; there is no result."""

    last = True


@dataclass(frozen=True)
class Error(Event):
    """The job failed; `message` and `hint` are for the user.

    `code`: picture, option, model, device, protocol, busy, internal; or "died" and "hangs" where the worker
    itself failed, with the end of its `log`.
    """

    code: str
    message: str
    hint: str = ""
    log: str = field(default="", repr=False)
    last = True
