"""Draws the masks and label maps for docs/regions.md, and paints its pictures.

python examples/paint_regions.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

import nst_onnx
from nst_onnx import Region

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parent / "docs" / "pictures"
HARBOUR, VALLEY = HERE / "content" / "harbour.jpg", HERE / "content" / "valley.jpg"
STYLES = HERE / "styles"
UNIT = 1.6  # pixels of the pictures to one of the outlines below
SKY, MOUNTAIN, MEADOW, WATER = "#3366ff", "#888888", "#22aa33", "#004488"

Points = list[tuple[float, float]]
SKYLINE: Points = [(0, 25), (30, 15), (70, 0), (105, 60), (150, 80), (185, 85), (235, 100), (280, 110)]
SKYLINE += [(300, 70), (390, 45), (470, 15), (480, 0)]
TREES: Points = [(0, 150), (120, 155), (270, 160), (400, 130), (480, 110)]
RIVER: Points = [
    (150, 180),
    (170, 180),
    (200, 215),
    (300, 250),
    (480, 305),
    (480, 320),
    (330, 320),
    (300, 290),
]
RIVER += [(200, 240), (140, 205)]
HARBOUR_SKY: Points = [(0, 0), (480, 0), (480, 90), (440, 85), (410, 78), (390, 100), (330, 75), (290, 48)]
HARBOUR_SKY += [(262, 85), (258, 80), (250, 95), (200, 85), (140, 75), (120, 90), (70, 85), (40, 75), (0, 65)]
BOAT: Points = [(141, 185), (178, 275), (178, 295), (110, 295), (110, 272), (120, 270)]


def main(folder: Path) -> None:
    """Draw all masks into `folder`, and the pictures of the documentation."""
    folder.mkdir(parents=True, exist_ok=True)
    mask(HARBOUR_SKY, 2).save(folder / "sky.png")
    mask(BOAT, 3).save(folder / "boat.png")
    valley_labels().save(folder / "valley-labels.png")
    doodle().save(folder / "doodle.png")
    options = {"size": 480, "steps": 150}
    sky, whirl, embers = folder / "sky.png", STYLES / "whirl.jpg", STYLES / "embers.jpg"
    two = nst_onnx.stylize(HARBOUR, embers, regions=[Region(sky, whirl)], **options)
    kept = nst_onnx.stylize(HARBOUR, STYLES / "facets.jpg", keep=folder / "boat.png", **options)
    save("sky", Image.open(HARBOUR), Image.open(sky), two.image)
    save("keep", Image.open(HARBOUR), Image.open(folder / "boat.png"), kept.image)
    left, facets = folder / "left.png", STYLES / "facets.jpg"
    mask([(0, 0), (240, 0), (240, 320), (0, 320)], 0).save(left)
    halves = [
        nst_onnx.stylize(VALLEY, facets, regions=[Region(left, embers)], guides=guides, **options)
        for guides in ("inside", "plain")
    ]
    save("guides", *(half.image for half in halves))
    by_colour = nst_onnx.stylize(HARBOUR, whirl, regions="colour", **options)
    by_content = nst_onnx.stylize(HARBOUR, whirl, regions="auto", **options)
    save("automatic", nst_onnx.stylize(HARBOUR, whirl, **options).image, by_colour.image, by_content.image)
    labels = {"labels": folder / "doodle.png", "style_labels": folder / "valley-labels.png"}
    painted = nst_onnx.stylize(folder / "doodle.png", VALLEY, **labels, strength=1, init="style", **options)
    save("doodle", Image.open(folder / "valley-labels.png"), Image.open(folder / "doodle.png"), painted.image)


def mask(outline: Points, blur: float) -> Image.Image:
    """Return a mask of what an outline encloses, with soft edges."""
    made = Image.new("L", (768, 512))
    ImageDraw.Draw(made).polygon([(UNIT * x, UNIT * y) for x, y in outline], fill=255)
    return made.filter(ImageFilter.GaussianBlur(blur))


def valley_labels() -> Image.Image:
    """Return the label map of the valley."""
    return labelled([SKYLINE, TREES], RIVER)


def doodle() -> Image.Image:
    """Return the label map of a landscape that nobody has seen."""
    skyline: Points = [(0, 120), (60, 100), (160, 20), (250, 95), (330, 60), (420, 110), (480, 90)]
    trees: Points = [(0, 190), (150, 175), (330, 180), (480, 165)]
    lake: Points = [(90, 235), (180, 215), (330, 220), (400, 250), (340, 285), (180, 290), (100, 270)]
    return labelled([skyline, trees], lake)


def labelled(lines: list[Points], water: Points) -> Image.Image:
    """Return sky, mountains and meadow, one below the other between `lines`, and water."""
    made = Image.new("RGB", (768, 512), SKY)
    pen = ImageDraw.Draw(made)
    for line, colour in zip(lines, (MOUNTAIN, MEADOW), strict=True):
        pen.polygon([(UNIT * x, UNIT * y) for x, y in [*line, (480, 320), (0, 320)]], fill=colour)
    pen.polygon([(UNIT * x, UNIT * y) for x, y in water], fill=WATER)
    return made


def save(name: str, *images: Image.Image) -> None:
    """Save pictures side by side."""
    width, height = 480, 320
    sheet = Image.new("RGB", (len(images) * width + 8 * (len(images) - 1), height), "white")
    for number, image in enumerate(images):
        small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (number * (width + 8), 0))
    sheet.save(PICTURES / f"regions-{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
