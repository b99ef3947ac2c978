"""The canvas every example is drawn on: its size, its coordinates, its tones, and how it is saved."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]
Draw = Callable[..., Array]

HERE = Path(__file__).resolve().parent
LONGEST = 768  # pixels of the longest side of the committed pictures


def shape(longest: int, aspect: float) -> tuple[int, int]:
    """(height, width) of a canvas whose width is ``aspect`` times its height."""
    if aspect >= 1:
        return max(1, round(longest / aspect)), longest
    return longest, max(1, round(longest * aspect))


def grid(size: tuple[int, int]) -> tuple[Array, Array]:
    """Coordinates (x, y) of pixel centres: y runs 0..1 downwards, x from 0 to the aspect."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / height, (y + 0.5) / height


def smoothstep(low: float | Array, high: float | Array, value: Array) -> Array:
    """0 below ``low``, 1 above ``high``, and a smooth cubic between (low > high turns it round)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def mix(a: Array, b: Array, amount: Array | NDArray[np.bool_] | float) -> Array:
    """``a`` where amount is 0, ``b`` where it is 1; amount H×W blends H×W×3 or plain colours."""
    amount = np.asarray(amount, np.float32)[..., None]
    return np.asarray(a, np.float32) * (1 - amount) + np.asarray(b, np.float32) * amount


def colour(hexadecimal: str) -> Array:
    """An sRGB colour like "e8c37a" as three numbers in 0..1."""
    return np.array([int(hexadecimal[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def palette(*colours: str) -> Array:
    """Colours written in hexadecimal, as N×3 in 0..1."""
    return np.stack([colour(each) for each in colours])


def ramp(value: Array, colours: Array) -> Array:
    """Colours N×3 spread evenly over 0..1 and interpolated at ``value``."""
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(value, at, colours[:, i]) for i in range(3)], axis=-1).astype(np.float32)


def linear(srgb: Array) -> Array:
    """Light (linear) of sRGB-encoded values."""
    return np.asarray(srgb, np.float32) ** 2.2


def film(light: Array, exposure: float = 1.0) -> Array:
    """sRGB picture of linear light: a filmic curve (Narkowicz' fit of ACES) that rolls highlights off."""
    x = np.maximum(light, 0) * exposure
    toned = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    return np.clip(toned, 0, 1).astype(np.float32) ** (1 / 2.2)


def blur(picture: Array, radius: float) -> Array:
    """Gaussian blur of an H×W or H×W×3 picture; edges are extended."""
    if picture.ndim == 3:
        return np.stack([blur(picture[..., i], radius) for i in range(picture.shape[2])], axis=-1)
    reach = max(1, int(3 * radius + 0.5))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(radius, 1e-3)) ** 2).astype(np.float32)
    taps /= taps.sum()
    result = np.asarray(picture, np.float32)
    for axis in (0, 1):
        padded = np.pad(result, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        length = result.shape[axis]
        result = sum(
            (tap * padded.take(range(i, i + length), axis=axis) for i, tap in enumerate(taps)),
            np.zeros_like(result),
        )
    return result


def shrink(picture: Array, size: tuple[int, int]) -> Array:
    """Average a supersampled H×W×3 picture down to ``size`` by whole factors."""
    height, width = size
    fy, fx = picture.shape[0] // height, picture.shape[1] // width
    blocks = picture[: height * fy, : width * fx].reshape(height, fy, width, fx, 3)
    return np.asarray(blocks.mean(axis=(1, 3)))


def to_image(picture: Array) -> Image.Image:
    """A Pillow image of an H×W×3 sRGB picture in 0..1."""
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def main(draw: Draw, path: str) -> None:
    """The command line of one drawing: ``python draw_name.py [--size N] [--seed N] [--output FILE]``."""
    parser = argparse.ArgumentParser(description=(draw.__doc__ or "").strip())
    parser.add_argument("--size", type=int, default=LONGEST, help="longest side in pixels")
    parser.add_argument("--seed", type=int, help="another variation of the picture")
    parser.add_argument("--output", type=Path, default=HERE / path)
    options = parser.parse_args()
    picture = draw(options.size) if options.seed is None else draw(options.size, seed=options.seed)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    to_image(picture).save(options.output, quality=90, optimize=True)
    print(options.output)
