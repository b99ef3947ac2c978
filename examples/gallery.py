"""Make the pictures of the README: one photo in four styles, with the network that ships inside the package.

python examples/gallery.py            # writes docs/pictures/gallery.jpg and docs/pictures/strength.jpg
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import nst_onnx

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parent / "docs" / "pictures"
CONTENT = HERE / "content" / "harbour.jpg"
STYLES = ("breakers", "facets", "embers", "whirl")
SIZE, GAP = 512, 8


def style(name: str) -> Path:
    """Return the path of one of the paintings here."""
    return HERE / "styles" / f"{name}.jpg"


def cropped(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the middle of a picture, filling width×height."""
    scale = max(width / image.width, height / image.height)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def gallery(stylizer: nst_onnx.Stylizer) -> Image.Image:
    """Return the photo, and for each style the painting beside what became of the photo."""
    results = [stylizer.stylize(CONTENT, style(name), size=SIZE).image for name in STYLES]
    width, height = results[0].size
    small = height // 2 - GAP // 2
    sheet = Image.new("RGB", (2 * (width + small + GAP) + GAP, 2 * height + GAP), "white")
    for i, (name, result) in enumerate(zip(STYLES, results, strict=True)):
        x, y = (i % 2) * (width + small + 2 * GAP), (i // 2) * (height + GAP)
        sheet.paste(cropped(Image.open(CONTENT), small, small), (x, y))
        sheet.paste(cropped(Image.open(style(name)), small, small), (x, y + small + GAP))
        sheet.paste(result, (x + small + GAP, y))
    return sheet


def strengths(stylizer: nst_onnx.Stylizer) -> Image.Image:
    """Return one pair at three strengths, side by side."""
    still_life = HERE / "content" / "still_life.jpg"
    results = [
        stylizer.stylize(still_life, style("rose_window"), size=400, strength=strength).image
        for strength in (0.2, 0.5, 0.8)
    ]
    width, height = results[0].size
    sheet = Image.new("RGB", (3 * width + 2 * GAP, height), "white")
    for i, result in enumerate(results):
        sheet.paste(result, (i * (width + GAP), 0))
    return sheet


def main() -> None:
    """Write the pictures."""
    PICTURES.mkdir(exist_ok=True)
    stylizer = nst_onnx.Stylizer("compact")
    gallery(stylizer).save(PICTURES / "gallery.jpg", quality=88)
    strengths(stylizer).save(PICTURES / "strength.jpg", quality=88)


if __name__ == "__main__":
    main()
