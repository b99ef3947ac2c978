"""What a person does at the desk, of several steps: paint, keep, paint again, undo."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import numpy as np

from .conftest import STYLE
from .desk import NEURAL_STYLE, Desk

HELP = (66, -42)  # of the dialog's lower corners
PAINT = (-69, -42)
STOP_AND_KEEP = (-232, -42)
CANCEL = (-92, -42)
CANCEL_OF_SETTINGS = (-162, -42)
CANCEL_OF_GIMP = (998, 832)  # at the right end of GIMP's progress bar
MORE = "alt+o"
SETTINGS = "plug-in-settings/GimpProcedureConfigRun-plug-in-nst-onnx-neural-style.last"


def painting_window(desk: Desk, settings: str) -> str:
    """Press Paint, and return the window in which the painting grows.

    A press that the dialog misses while it is still growing is repeated, but not where the dialog has gone:
    it would paint with GIMP's brush, or put GIMP's window before the one that is to come.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if desk.is_visible(settings):
            desk.click(*PAINT, settings)
        for _ in range(50):
            time.sleep(0.1)
            window = desk.shows(NEURAL_STYLE)
            if window and window != settings:
                time.sleep(1)
                return window
    raise AssertionError("Paint was pressed, and no other window came up")


def stop_and_keep(desk: Desk, window: str, layers: int = 2) -> None:
    """Press the button, which waits for the engine, until it is heard; then there are so many layers."""
    deadline = time.monotonic() + 60
    while desk.shows(NEURAL_STYLE) and time.monotonic() < deadline:
        with contextlib.suppress(KeyError):  # it has closed just now
            desk.click(*STOP_AND_KEEP, window)
        time.sleep(1)
    desk.becomes(f"{layers} layers")
    ended(desk)


def ended(desk: Desk) -> None:
    """Wait for the end of the plug-in: the title counts a new layer before it is painted."""
    deadline = time.monotonic() + 60
    while workers_of(desk):
        assert time.monotonic() < deadline, "the painting is there, and its worker too"
        time.sleep(0.1)


def first_painting(desk: Desk) -> None:
    """Choose a style, paint, keep what is there soon, and take it back: there is a last time from now on."""
    settings = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, STYLE)
    stop_and_keep(desk, painting_window(desk, settings))
    undo(desk)
    desk.becomes("1 layer")


def last_time(desk: Desk) -> None:
    """Have Neural Style used once, for what GIMP offers only then."""
    if not (desk.profile / SETTINGS).exists():
        first_painting(desk)


def again(desk: Desk) -> str:
    """Open the dialog once more, with the settings of last time."""
    last_time(desk)
    desk.attend()
    desk.key("shift+ctrl+f")
    settings = desk.window(NEURAL_STYLE)
    time.sleep(2)
    return settings


def undo(desk: Desk) -> None:
    desk.attend()
    desk.key("ctrl+z")


def previews_differ(desk: Desk, window: str) -> bool:
    """Wait for the middle of the window to change while the painting grows."""
    first = np.asarray(desk.picture(window), np.float32)[100:300, 100:400]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = np.asarray(desk.picture(window), np.float32)[100:300, 100:400]
        if np.abs(now - first).mean() > 2:
            return True
    return False


def workers_of(desk: Desk) -> list[int]:
    """Return the workers whose temporary folder is this desk's."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b"nst_onnx.worker" in (folder / "cmdline").read_bytes():
                environment = (folder / "environ").read_bytes().split(b"\0")
                if f"GIMP3_DIRECTORY={desk.profile}".encode() in environment:
                    found.append(int(folder.name))
        except OSError:
            continue
    return found


def no_workers(desk: Desk) -> bool:
    deadline = time.monotonic() + 5
    while workers_of(desk) and time.monotonic() < deadline:
        time.sleep(0.1)
    return workers_of(desk) == []
