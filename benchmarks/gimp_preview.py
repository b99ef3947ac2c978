"""How long somebody waits in GIMP: from Paint to the first preview to be seen, and from Cancel to its end.

    .ci/gimp-system run DIR python benchmarks/gimp_preview.py [--size 512] [--runs 5]

A real GIMP on a screen in memory, used with mouse and keys. The clock starts with the click, and stops when
the pixels on the screen have changed, so drawing and looking (some 30 times a second) are counted in. "Warm"
is as people work: the engine starts with the dialog, and is ready when they press Paint. "Cold" is the worst
there is: Paint is pressed within a second of the dialog's coming up.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from gimp.desk import NEURAL_STYLE, Desk  # noqa: E402

VISIBLE = 4.0
"""Grey levels (root mean square) by which the picture must differ from the photo, so as to be seen to."""
READY = 5.0
AT_ONCE = 0.5
"""Seconds that a person looks at the dialog before pressing Paint."""
PATIENCE = 5.0
"""Seconds after which a click is taken to have been missed."""
PAINT, KEEP, CANCEL = (-69, -42), (-232, -42), (-92, -42)  # from the lower right corner


def main() -> None:
    """Measure and print a table."""
    arguments = parse()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        profile, photo = Path(scratch) / "3.0", Path(scratch) / "harbour.png"
        profile.mkdir()
        subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
        with Image.open(ROOT / "examples" / "content" / "harbour.jpg") as picture:
            picture.thumbnail((arguments.size, arguments.size))
            picture.save(photo)
        with Desk(profile, photo) as desk:
            settings = desk.open_settings()
            desk.choose_style(settings, ROOT / "examples" / "styles" / "whirl.jpg")
            keep_one(desk, settings)
            for _ in range(arguments.runs):
                paint_and_cancel(desk, again(desk, READY), "warm", rows)
            for _ in range(arguments.runs):
                paint_and_cancel(desk, again(desk, AT_ONCE), "cold", rows)
                cancel_at_once(desk, again(desk, AT_ONCE), rows)
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    print(f"\ncompact, photo of {arguments.size} px, quality good, {cores} cores, load {load:.1f}\n")
    print("| | median s | worst s | runs |")
    print("|---|---:|---:|---:|")
    for what, seconds in rows.items():
        print(f"| {what} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {len(seconds)} |")


def keep_one(desk: Desk, settings: str) -> None:
    """Stop and keep a painting, and undo it: GIMP remembers the settings of what was finished."""
    window = press_paint(desk, settings)[1]
    while not desk.shows("2 layers"):
        if desk.shows(NEURAL_STYLE):
            desk.click(*KEEP, window)
        time.sleep(0.5)
    desk.attend()
    desk.key("ctrl+z")
    desk.becomes("1 layer")


def again(desk: Desk, look: float) -> str:
    """Open the dialog with the settings of last time, and look at it for `look` seconds."""
    desk.attend()
    desk.key("shift+ctrl+f")
    settings: str = desk.window(NEURAL_STYLE)
    until(lambda: picture_of(desk, settings).std() > VISIBLE)  # it is drawn
    time.sleep(look)
    return settings


def paint_and_cancel(desk: Desk, settings: str, how: str, rows: dict[str, list[float]]) -> None:
    """Press Paint, wait for the picture in the window to change, and press Cancel."""
    begun, window = press_paint(desk, settings)
    first = picture_of(desk, window)
    until(lambda: changed(first, picture_of(desk, window)))
    note(rows, f"Paint to the first preview to be seen, {how}", begun)
    time.sleep(1)
    press_cancel(desk, window, "Cancel to the window gone, while it is painted", rows)


def cancel_at_once(desk: Desk, settings: str, rows: dict[str, list[float]]) -> None:
    """Press Paint, and Cancel while the engine is still starting."""
    begun, window = press_paint(desk, settings)
    note(rows, "Paint to the window, cold", begun)
    press_cancel(desk, window, "Cancel to the window gone, while the engine starts", rows)


def press_paint(desk: Desk, settings: str) -> tuple[float, str]:
    """Return when it was pressed, and the window that came up."""
    window = ""
    while not window:  # a click that missed, as the dialog was still growing, does not count
        desk.point(*PAINT, settings)
        begun = time.monotonic()
        desk.press()
        while not window and time.monotonic() - begun < PATIENCE:
            window = desk.shows(NEURAL_STYLE).replace(settings, "")
    until(lambda: picture_of(desk, window).std() > VISIBLE)  # the photo is drawn
    return begun, window


def press_cancel(desk: Desk, window: str, what: str, rows: dict[str, list[float]]) -> None:
    desk.point(*CANCEL, window)
    begun = time.monotonic()
    desk.press()
    until(lambda: not desk.shows(NEURAL_STYLE))
    note(rows, what, begun)
    desk.becomes("1 layer")


def picture_of(desk: Desk, window: str) -> np.ndarray:
    """Return the middle of a window."""
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
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
