"""Sharpness of a large photo painted with quality Good in a real GIMP, and its time beside what was said.

    .ci/editor-system run DIR python /src/nst-onnx/benchmarks/gimp_sharpness.py PHOTO PAINTING

A real GIMP on a virtual screen, operated by mouse and keys, with the settings that the dialog opens with. The
painting is measured at the stroke size of the result: scaled so that its longest side is the photo's, but not
enlarged. A photo that is smaller than `--size` is refused: enlarged, it would have no fine detail.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "plugin")]

from gimp.conftest import CONSOLE  # noqa: E402 - found by the path above
from gimp.desk import Desk  # noqa: E402
from gimp.person import painting_window  # noqa: E402
from nst_client.announcement import announcement  # noqa: E402

from benchmarks import editor_results  # noqa: E402
from benchmarks.overheard import overhear, overheard  # noqa: E402
from benchmarks.report import Part  # noqa: E402
from benchmarks.spectrum import fine_share, luminance, mean_gradient  # noqa: E402

HOUR = 3600.0
SHARE, LEAST, MOST = 0.10, 0.7, 1.3
"""What is wanted: of the spectrum above 1/8 cycle per pixel, and of the painting's mean gradient."""
OFF = 0.3
"""By which share the time may differ from what the dialog said."""
SHARPNESS = ("", "share above 1/8 cycle per pixel, %", "mean gradient", "÷ the painting's")
TIME = ("", "seconds", "÷ what the dialog said")


@dataclass(frozen=True)
class Run:
    """`foretold`: the seconds in the dialog when Paint was pressed; `taken`: from then to the layer."""

    foretold: float
    taken: float

    @property
    def ratio(self) -> float:
        return self.taken / self.foretold


def main() -> None:
    """Paint, measure, print the tables, and write them."""
    arguments = parse()
    width, height = map(int, arguments.size.split("x"))
    before = editor_results.load()
    with tempfile.TemporaryDirectory() as scratch:
        kept = arguments.keep or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        photo, painted = kept / "photo.png", kept / "painted.png"
        prepare(arguments.photo, photo, (width, height))
        run = paint(photo, arguments.painting.resolve(), painted, Path(scratch))
        levels = {"the photo": luminance(Image.open(photo))}
        levels["the painting"] = luminance(strokes(arguments.painting, max(width, height)))
        levels["painted, *Good*"] = luminance(Image.open(painted))
    sharp = Part("Sharpness", f"{width}×{height} pixels, painted with *Good*.", SHARPNESS)
    reference = mean_gradient(levels["the painting"])
    for name, found in levels.items():
        share, gradient = fine_share(found), mean_gradient(found)
        sharp.rows.append((name, f"{100 * share:.1f}", f"{gradient:.1f}", f"{gradient / reference:.2f}"))
        sharp.records.append({"picture": name, "share": share, "gradient": gradient})
    said = announcement("photo", width, height, max(width, height), run.foretold)
    timed = Part("Time", f"The dialog said: {said}", TIME)
    timed.rows.append(("from *Paint* to the layer", f"{run.taken:.0f}", f"{run.ratio:.2f}"))
    timed.records.append(asdict(run))
    load = f"{before:.1f} before, {editor_results.load():.1f} after"
    facts = {"GIMP": editor_results.version(str(CONSOLE)), "load": load}
    facts.update(photo=arguments.photo.name, painting=arguments.painting.name)
    title = "A large photo painted in GIMP"
    editor_results.write(arguments.output, title, "benchmarks/gimp_sharpness.py", facts, [sharp, timed])
    ratio = float(sharp.records[-1]["gradient"]) / reference
    if sharp.records[-1]["share"] < SHARE or not LEAST <= ratio <= MOST:
        sys.exit(f"wanted: at least {SHARE:.0%}, and between {LEAST} and {MOST}")
    if abs(run.ratio - 1) > OFF:
        sys.exit(f"wanted: the time that the dialog said, within {OFF:.0%}")


def prepare(photo: Path, prepared: Path, size: tuple[int, int]) -> None:
    """Store a photo, cropped and scaled down to `size`."""
    with Image.open(photo) as picture:
        if picture.width < size[0] or picture.height < size[1]:
            sys.exit(f"{photo} has {picture.width}×{picture.height} pixels: too few")
        ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS).save(prepared)


def strokes(painting: Path, longest: int) -> Image.Image:
    """Return the painting at the stroke size of a result whose longest side is `longest`."""
    with Image.open(painting) as picture:
        style = picture.convert("RGB")
        scale = min(longest / max(style.size), 1.0)
        size = round(style.width * scale), round(style.height * scale)
        return style.resize(size, Image.Resampling.LANCZOS)


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
        desk.becomes("2 layers", seconds=HOUR)
        taken = time.monotonic() - begun
        desk.inside.ask("save_here", path=str(painted))
    return Run(float(str(overheard(said, "forecast")[-1]["seconds"])), taken)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--size", default="2560x1920")
    parser.add_argument("--output", type=Path, help="write OUTPUT.md and OUTPUT.json")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the photo, the painting and the dialog, to be looked at"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
