"""Latency in GIMP: of the live preview, of the first one after Paint, and of Cancel.

    .ci/editor-system run DIR python /src/nst-onnx/benchmarks/gimp_preview.py [--photo FILE]

A real GIMP on a virtual screen, operated by mouse and keys. The clock starts with the click and stops when
the pixels on the screen have changed, so drawing and polling (some 30 times a second) are included. "Warm":
the engine starts with the dialog and is ready when Paint is pressed. "Cold", the worst case: Paint is pressed
within a second of the dialog's opening.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from gimp.conftest import CONSOLE, PHOTO, STYLE  # noqa: E402 - found by the path above
from gimp.desk import NEURAL_STYLE, Desk  # noqa: E402

from benchmarks import editor_results  # noqa: E402
from benchmarks.report import Part  # noqa: E402

WARM = "warm"
VISIBLE = 4.0
"""Grey levels (root mean square) of a visible change."""
READY = 5.0
AT_ONCE = 0.5
"""Seconds between the dialog's opening and Paint: READY for a warm engine, AT_ONCE for a cold one."""
MISSED = 5.0
"""Seconds without a reaction after which a click counts as missed."""
PAINT, KEEP, CANCEL = (-69, -42), (-232, -42), (-92, -42)  # from the lower right corner
WEAK, STRONG = (145, 70), (290, 70)
"""Places on the slider of the strength, from the dialog's upper left corner."""
HEADER = ("", "median, s", "worst, s", "times")


def main() -> None:
    """Measure, print a table, and write it."""
    arguments = parse()
    before = editor_results.load()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        profile, photo = Path(scratch) / "3.0", Path(scratch) / "harbour.png"
        profile.mkdir()
        subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
        with Image.open(arguments.photo) as picture:
            picture.thumbnail((arguments.size, arguments.size))
            picture.save(photo)
            shape = f"{picture.width}×{picture.height} pixels"
        with Desk(profile, photo) as desk:
            settings = desk.open_settings()
            desk.choose_style(settings, STYLE)
            keep_one(desk, settings)
            for _ in range(arguments.runs):
                settings = reopen(desk, READY)
                follow(desk, settings, rows)
                paint_and_cancel(desk, settings, WARM, rows)
            for _ in range(arguments.runs):
                paint_and_cancel(desk, reopen(desk, AT_ONCE), "cold", rows)
                cancel_at_once(desk, reopen(desk, AT_ONCE), rows)
    about = f"A layer of {shape}, the compact network, *Good*. The pixels on the screen tell."
    part = Part("Waiting times", about, HEADER)
    for what, seconds in rows.items():
        median, worst = statistics.median(seconds), max(seconds)
        part.rows.append((what, f"{median:.2f}", f"{worst:.2f}", str(len(seconds))))
        part.records.append({"what": what, "seconds": seconds})
    load = f"{before:.1f} before, {editor_results.load():.1f} after"
    facts = {"GIMP": editor_results.version(str(CONSOLE)), "load": load}
    title = "Waiting in GIMP"
    editor_results.write(arguments.output, title, "benchmarks/gimp_preview.py", facts, [part])


def keep_one(desk: Desk, settings: str) -> None:
    """Stop and keep a painting, and undo it: GIMP stores the settings of a finished run only."""
    window = press_paint(desk, settings)[1]
    while not desk.shows("2 layers"):
        if desk.shows(NEURAL_STYLE):
            desk.click(*KEEP, window)
        time.sleep(0.5)
    desk.attend()
    desk.key("ctrl+z")
    desk.becomes("1 layer")


def reopen(desk: Desk, seconds: float) -> str:
    """Open the dialog with the last settings, and wait for `seconds`."""
    desk.attend()
    desk.key("shift+ctrl+f")
    settings: str = desk.window(NEURAL_STYLE)
    until(lambda: picture_of(desk, settings).std() > VISIBLE)  # it is drawn
    time.sleep(seconds)
    return settings


def follow(desk: Desk, settings: str, rows: dict[str, list[float]]) -> None:
    """Move a slider by the mouse, and change the stroke scale by the keyboard, each twice."""
    for place in (WEAK, STRONG):
        desk.point(*place, settings)
        _changes(desk, settings, desk.press, "a slider moved to the changed live preview", rows)
    for number in ("3", "1"):
        desk.key("alt+k", "ctrl+a", number)
        leave = partial(desk.press_key, "Tab")
        _changes(desk, settings, leave, "a number typed to the changed live preview", rows)


def _changes(
    desk: Desk, settings: str, change: Callable[[], None], what: str, rows: dict[str, list[float]]
) -> None:
    first = live_preview(desk, settings)
    begun = time.monotonic()
    change()
    until(partial(_differs, desk, settings, first))
    note(rows, what, begun)
    time.sleep(1)


def _differs(desk: Desk, settings: str, first: np.ndarray) -> bool:
    return changed(first, live_preview(desk, settings))


def live_preview(desk: Desk, window: str) -> np.ndarray:
    """Return the part of a screenshot of the dialog where the live preview is."""
    return np.asarray(desk.picture(window), np.float32)[60:200, -300:-40]


def paint_and_cancel(desk: Desk, settings: str, how: str, rows: dict[str, list[float]]) -> None:
    """Press Paint, wait for the picture in the window to change, and press Cancel."""
    begun, window = press_paint(desk, settings)
    if how == WARM:  # the dialog has a preview by then
        note(rows, "Paint to the window with the dialog's preview", begun)
    first = picture_of(desk, window)
    until(lambda: changed(first, picture_of(desk, window)))
    note(rows, f"Paint to the first preview of the painting itself, {how}", begun)
    time.sleep(1)
    press_cancel(desk, window, "Cancel to the window gone, while it is painted", rows)


def cancel_at_once(desk: Desk, settings: str, rows: dict[str, list[float]]) -> None:
    """Press Paint, and Cancel while the engine is still starting."""
    begun, window = press_paint(desk, settings)
    note(rows, "Paint to the window, cold", begun)
    press_cancel(desk, window, "Cancel to the window gone, while the engine starts", rows)


def press_paint(desk: Desk, settings: str) -> tuple[float, str]:
    """Return the time of the click, and the window that opened."""
    window, begun = "", time.monotonic()
    while not window:  # a click can miss while the dialog is still growing
        if desk.is_visible(settings):
            desk.point(*PAINT, settings)
            begun = time.monotonic()
            desk.press()
        tried = time.monotonic()
        while not window and time.monotonic() - tried < MISSED:
            window = desk.shows(NEURAL_STYLE).replace(settings, "")
    until(lambda: picture_of(desk, window).std() > VISIBLE)  # a picture is drawn
    return begun, window


def press_cancel(desk: Desk, window: str, what: str, rows: dict[str, list[float]]) -> None:
    desk.point(*CANCEL, window)
    begun = time.monotonic()
    desk.press()
    until(lambda: not desk.shows(NEURAL_STYLE))
    note(rows, what, begun)
    desk.becomes("1 layer")


def picture_of(desk: Desk, window: str) -> np.ndarray:
    """Return the central part of a window's screenshot."""
    shot = np.asarray(desk.picture(window), np.float32)
    height, width = shot.shape[:2]
    return shot[height // 4 : height // 2, width // 4 : width * 3 // 4]


def changed(first: np.ndarray, now: np.ndarray) -> bool:
    return first.shape == now.shape and float(np.sqrt(np.mean((first - now) ** 2))) > VISIBLE


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        if time.monotonic() > deadline:
            sys.exit("it did not happen in two minutes")


def note(rows: dict[str, list[float]], what: str, since: float) -> None:
    seconds = time.monotonic() - since
    rows.setdefault(what, []).append(seconds)
    print(f"{seconds:6.2f} s  {what}", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--output", type=Path, help="write OUTPUT.md and OUTPUT.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
