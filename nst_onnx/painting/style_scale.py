"""The style scale "auto": from the dominant stroke width of the paintings and the size of the picture.

The size of strokes relative to the picture is what people's grades depend on most (Kitov, Abramov &
Akhtyrchenko 2024, arXiv:2412.17139).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from nst_onnx.painting.options import LossOptions
from nst_onnx.picture import Picture
from nst_onnx.picture.stroke_width import stroke_width

AUTO = "auto"
WIDTH = 0.016
"""Width of strokes relative to the picture's longest side: about the median over paintings."""
PIXELS = (4.0, 24.0)
"""Bounds of that width: finer strokes are lost in the pixels, wider ones in the layers' receptive fields."""
SCALES = (0.5, 2.0)

Given = TypeVar("Given", bound=LossOptions)


def with_style_scale(
    options: Given, styles: Sequence[Picture], weights: Sequence[float] | None, shape: tuple[int, int]
) -> Given:
    """Return the options with a number for style scale "auto".

    `weights`: of the styles, None for equal ones. `shape`: (H, W) of the finished picture.
    """
    if options.style_scale != AUTO:
        return options
    return replace(options, style_scale=style_scale(styles, weights, max(shape)))


def style_scale(styles: Sequence[Picture], weights: Sequence[float] | None, size: int) -> float:
    """Return the scale that gives strokes `WIDTH`, within bounds. `size`: longest side of the picture.

    Several styles: the weighted geometric mean of their widths. Rounded to two digits after the point.
    """
    widths = [stroke_width(style) for style in styles]
    width = float(np.exp(np.average(np.log(widths), weights=weights)))
    wanted = float(np.clip(WIDTH * size, *PIXELS)) / size
    return round(float(np.clip(wanted / width, *SCALES)), 2)
