"""Sharpness of a large photo painted with quality Good in a real GIMP, against photo and painting.

    .ci/editor-system run DIR python benchmarks/gimp_sharpness.py PHOTO PAINTING [--size 2560x1920]

A real GIMP on a virtual screen, operated by mouse and keys, with the settings that the dialog opens with. The
painting is measured at the stroke size of the result: scaled so that its longest side is the photo's, but not
enlarged.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from gimp.desk import Desk  # noqa: E402 - found by the path above
from gimp.person import painting_window  # noqa: E402 - found by the path above

from benchmarks.spectrum import fine_share, luminance, mean_gradient  # noqa: E402 - found by the path above

HOUR = 3600.0
SHARE, LEAST, MOST = 0.10, 0.7, 1.3
"""What is wanted: of the spectrum above 1/8 cycle per pixel, and of the painting's mean gradient."""


def main() -> None:
    """Paint, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--size", default="2560x1920")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as scratch:
        photo, painted = Path(scratch) / "photo.png", Path(scratch) / "painted.png"
        with Image.open(arguments.photo) as picture:
            ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS).save(photo)
        seconds = paint(photo, arguments.painting.resolve(), painted, Path(scratch))
        with Image.open(arguments.painting) as style:
            scale = min(max(width, height) / max(style.size), 1.0)
            strokes = style.convert("RGB").resize(
                (round(style.width * scale), round(style.height * scale)), Image.Resampling.LANCZOS
            )
        levels = {"the photo": luminance(Image.open(photo)), "the painting": luminance(strokes)}
        levels["painted, Good"] = luminance(Image.open(painted))
    reference = mean_gradient(levels["the painting"])
    load = f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"
    print(f"\n{width}×{height} pixels, {seconds:.0f} s from Paint to the layer; {load}\n")
    print("| | share above 1/8 cycle per pixel | mean gradient | ÷ the painting's |")
    print("|---|---:|---:|---:|")
    for name, found in levels.items():
        gradient = mean_gradient(found)
        print(f"| {name} | {100 * fine_share(found):.1f} % | {gradient:.1f} | {gradient / reference:.2f} |")
    result = levels["painted, Good"]
    ratio = mean_gradient(result) / reference
    if fine_share(result) < SHARE or not LEAST <= ratio <= MOST:
        sys.exit(f"wanted: at least {SHARE:.0%}, and between {LEAST} and {MOST}")


def paint(photo: Path, painting: Path, painted: Path, scratch: Path) -> float:
    """Paint in GIMP, store the new layer as a picture, and return the seconds from Paint to the layer."""
    profile = scratch / "3.0"
    profile.mkdir()
    subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
    with Desk(profile, photo) as desk:
        settings = desk.open_settings()
        time.sleep(2)
        desk.choose_style(settings, painting)
        painting_window(desk, settings)
        begun = time.monotonic()
        desk.becomes("2 layers", seconds=HOUR)
        seconds = time.monotonic() - begun
        desk.inside.ask("save_here", path=str(painted))
    return seconds


if __name__ == "__main__":
    main()
