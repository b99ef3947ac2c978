"""Sharpness of a large photo painted with quality Good in a real GIMP, and the time it takes.

    .ci/editor-system run DIR python /src/nst-onnx/benchmarks/gimp_sharpness.py PHOTO PAINTING

A real GIMP on a virtual screen, operated by mouse and keys, with the settings that the dialog opens with;
sharpness.py judges.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "plugin")]

from gimp.conftest import CONSOLE  # noqa: E402 - found by the path above
from gimp.desk import Desk  # noqa: E402
from gimp.person import ended, painting_window  # noqa: E402
from nst_client.announcement import announcement  # noqa: E402

from benchmarks import editor_results  # noqa: E402
from benchmarks.overheard import overhear, overheard  # noqa: E402
from benchmarks.sharpness import Run, judge  # noqa: E402

HOUR = 3600.0


def paint(photo: Path, painting: Path, painted: Path, scratch: Path) -> Run:
    """Paint in GIMP, and store the new layer as a picture."""
    profile, said = scratch / "3.0", scratch / "said"
    profile.mkdir()
    subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
    overhear(profile / "plug-ins" / "neural_style", said)
    with Desk(profile, photo) as desk:
        settings = desk.open_settings()
        time.sleep(2)
        desk.choose_style(settings, painting)
        deadline = time.monotonic() + 120
        while not overheard(said, "forecast"):
            if time.monotonic() > deadline:
                sys.exit("the dialog has not said how long it will take")
            time.sleep(0.5)
        time.sleep(1)  # the dialog shows it
        desk.picture().save(painted.with_name("dialog.png"))
        begun = time.monotonic()
        painting_window(desk, settings)
        while not desk.shows("2 layers"):  # seldom: looking keeps a core busy
            if time.monotonic() > begun + HOUR:
                sys.exit("the painting has not ended in an hour")
            time.sleep(1)
        ended(desk)
        taken = time.monotonic() - begun
        desk.inside.ask("save_here", path=str(painted))
    seconds = float(str(overheard(said, "forecast")[-1]["seconds"]))
    with Image.open(photo) as picture:
        width, height = picture.size
    sentence = announcement(photo.name, width, height, max(width, height), seconds)
    return Run(f"GIMP {editor_results.version(str(CONSOLE))}", sentence, seconds, taken)


if __name__ == "__main__":
    judge("benchmarks/gimp_sharpness.py", str(__doc__), paint)
