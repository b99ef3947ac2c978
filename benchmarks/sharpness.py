"""Sharpness of a large photo painted with quality Good in an editor, and the time beside what was foretold.

What gimp_sharpness.py and krita_sharpness.py share: each drives its editor, and this judges the layer. The
painting is measured at the stroke size of the result: scaled so that its longest side is the photo's, but not
enlarged. A photo that is smaller than `--size` is refused: enlarged, it would have no fine detail.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks import editor_results
from benchmarks.report import Part
from benchmarks.spectrum import fine_share, luminance, mean_gradient

SHARE, LEAST, MOST = 0.10, 0.7, 1.3
"""What is wanted: of the spectrum above 1/8 cycle per pixel, and of the painting's mean gradient."""
OFF = 0.3
"""By which share the time may differ from what the dialog said."""
SHARPNESS = ("", "share above 1/8 cycle per pixel, %", "mean gradient", "÷ the painting's")
TIME = ("", "seconds", "÷ what the dialog said")


@dataclass(frozen=True)
class Run:
    """`editor`: with its version; `said`: the dialog's sentence when Paint was pressed, and `foretold` its
    seconds; `taken`: from then to the layer.
    """

    editor: str
    said: str
    foretold: float
    taken: float

    @property
    def ratio(self) -> float:
        return self.taken / self.foretold


Paint = Callable[[Path, Path, Path, Path], Run]
"""Paints a photo like a painting, stores the layer as a picture, with the dialog's beside it; the last is a
folder for files of its own.
"""


def judge(script: str, about: str, paint: Paint) -> None:
    """Paint as the command line says, print the tables, and write them.

    Ends with 1 where what is wanted is missed.
    """
    arguments = parse(about)
    width, height = map(int, arguments.size.split("x"))
    before = editor_results.load()
    with tempfile.TemporaryDirectory() as scratch:
        kept = arguments.keep or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        if any(kept.iterdir()):
            sys.exit(f"{kept} is not empty: an earlier picture could be taken for this one")
        photo, painted = kept / "photo.png", kept / "painted.png"
        prepare(arguments.photo, photo, (width, height))
        run = paint(photo, arguments.painting.resolve(), painted, Path(scratch))
        pictures: dict[str, Image.Image] = {"the photo": Image.open(photo)}
        pictures["the painting"] = strokes(arguments.painting, max(width, height))
        pictures["painted, *Good*"] = Image.open(painted)
        sharp = sharpness(f"{width}×{height} pixels, painted with *Good*.", pictures)
    timed = Part("Time", f"The dialog said: {run.said}", TIME)
    timed.rows.append(("from *Paint* to the layer", f"{run.taken:.0f}", f"{run.ratio:.2f}"))
    timed.records.append(asdict(run))
    load = f"{before:.1f} before, {editor_results.load():.1f} after"
    facts = {"editor": run.editor, "load": load}
    facts.update(photo=arguments.photo.name, painting=arguments.painting.name)
    editor_results.write(
        arguments.output, f"A large photo painted in {run.editor}", script, facts, [sharp, timed]
    )
    found = {record["picture"]: record for record in sharp.records}
    result = found["painted, *Good*"]
    if result["share"] < SHARE or not LEAST <= result["gradient"] / found["the painting"]["gradient"] <= MOST:
        sys.exit(f"wanted: at least {SHARE:.0%}, and between {LEAST} and {MOST}")
    if abs(run.ratio - 1) > OFF:
        sys.exit(f"wanted: the time that the dialog said, within {OFF:.0%}")


def sharpness(about: str, pictures: dict[str, Image.Image]) -> Part:
    """Return a table of pictures, one of which is "the painting"."""
    part = Part("Sharpness", about, SHARPNESS)
    for name, picture in pictures.items():
        levels = luminance(picture)
        part.records.append({"picture": name, "share": fine_share(levels), "gradient": mean_gradient(levels)})
    reference = next(record["gradient"] for record in part.records if record["picture"] == "the painting")
    for record in part.records:
        share, gradient = 100 * record["share"], record["gradient"]
        cells = f"{share:.1f}", f"{gradient:.1f}", f"{gradient / reference:.2f}"
        part.rows.append((record["picture"], *cells))
    return part


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


def parse(about: str) -> argparse.Namespace:
    """Read the command line; `about`: the script's description."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--size", default="2560x1920")
    parser.add_argument("--output", type=Path, help="write OUTPUT.md and OUTPUT.json")
    parser.add_argument(
        "--keep",
        type=Path,
        help="an empty folder for the photo, the painting and the dialog, to be looked at",
    )
    return parser.parse_args()
