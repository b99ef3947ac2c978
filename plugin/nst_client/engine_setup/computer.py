"""The kind of this computer: "linux-x86_64", "windows-x86_64", "macos-arm64", and its wheel of uv."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable

from .parts import RemoteFile

_SYSTEMS = {"win32": "windows", "darwin": "macos"}
_MACHINES = {"amd64": "x86_64", "x86-64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}
_PLATFORM_TAGS = {
    "linux-x86_64": ("manylinux", ("_x86_64",)),
    "linux-arm64": ("manylinux", ("_aarch64",)),
    "windows-x86_64": ("win_amd64", ("",)),
    "windows-arm64": ("win_arm64", ("",)),
    "macos-arm64": ("macosx", ("_arm64", "_universal2")),
    "macos-x86_64": ("macosx", ("_x86_64", "_universal2")),
}
"""The beginning and the ends of the platform tags of each kind's wheels (PEP 425, PEP 600)."""


def kind() -> str:
    """Return the kind of this computer."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    return f"{system}-{_MACHINES.get(machine, machine)}"


def suits(wheel: str, kind: str) -> bool:
    """Return whether a wheel's file name has a platform tag of `kind`, or runs everywhere."""
    begin, ends = _PLATFORM_TAGS.get(kind, ("?", ()))
    tags = wheel.rpartition(".")[0].rpartition("-")[2].split(".")
    return any(tag == "any" or (tag.startswith(begin) and tag.endswith(ends)) for tag in tags)


def wheel_for(kind: str, wheels: Iterable[RemoteFile]) -> RemoteFile | None:
    """Return the wheel for a kind of computer, the one with the oldest platform tag; None for none."""
    return min((wheel for wheel in wheels if suits(wheel.name, kind)), key=lambda w: w.name, default=None)
