"""Learn the styles that ship with the package, from the paintings here and variations of their colours.

python examples/learn_styles.py --photo one.jpg --photo two.jpg     # writes nst_onnx/styles/NAME.nst
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import nst_onnx

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "nst_onnx" / "styles"

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]


def plain(picture: Pixels) -> Pixels:
    """As it is painted."""
    return picture


def exchanged(*order: int) -> Change:
    """Red, green and blue in another order."""
    return lambda picture: np.ascontiguousarray(picture[..., list(order)])


def grey(picture: Pixels) -> Pixels:
    """Without colour, BT.709."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    return np.rint(picture @ weights).astype(np.uint8)[..., None].repeat(3, axis=2)


def negative(picture: Pixels) -> Pixels:
    """Light and dark exchanged."""
    return np.asarray(255 - picture, np.uint8)


STYLES: Mapping[str, tuple[str, Change]] = {
    "bouquet": ("bouquet", plain),
    "breakers": ("breakers", plain),
    "confetti": ("confetti", plain),
    "embers": ("embers", plain),
    "facets": ("facets", plain),
    "rose_window": ("rose_window", plain),
    "whirl": ("whirl", plain),
    "blossom": ("confetti", exchanged(1, 0, 2)),
    "copper": ("breakers", exchanged(2, 1, 0)),
    "frost": ("embers", exchanged(2, 1, 0)),
    "ink": ("breakers", grey),
    "nightshade": ("bouquet", negative),
    "sirocco": ("whirl", exchanged(2, 1, 0)),
    "slate": ("facets", grey),
}
"""{name: (painting, what is done with its colours)}."""


def main() -> None:
    """Learn every style, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="some of them")
    parser.add_argument("--photo", action="append", default=[], help="a photo to learn on")
    arguments = parser.parse_args()
    for name in arguments.names or STYLES:
        painting, change = STYLES[name]
        with Image.open(HERE / "styles" / f"{painting}.jpg") as image:
            picture = change(np.asarray(image.convert("RGB")))
        style = nst_onnx.learn(picture, name, photos=arguments.photo, model="compact")
        facts = replace(style.facts, source=f"examples/styles/{painting}.jpg", licence="CC0")
        replace(style, facts=facts).save(FOLDER / f"{name}.nst")
        print(name)


if __name__ == "__main__":
    main()
