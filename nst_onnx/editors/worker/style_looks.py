"""Paintings as a look needs them: small, and without their frames; kept between the requests of a worker.

So a dialog's preview, which is painted anew with each move of a slider, reads a large painting once.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.feedforward import statistics
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.style_pictures import read_styles_and_learned
from nst_onnx.picture import Picture, fit, resize
from nst_onnx.support.memory import Memory

SIDE = statistics.LARGEST
"""Pixels on the longest side: one pass measures no larger ones."""
_CAPACITY = 6  # of at most 12 MB each
_OF_THE_WHOLE = ("style_mask", "style_labels", "regions")
"""Options that belong to the painting as it is in its file."""


@dataclass(frozen=True)
class _Kept:
    """A painting, and what was warned of when it was read."""

    picture: Picture
    warnings: tuple[warnings.WarningMessage, ...]


class StyleLooks:
    """The paintings last looked at, by file and `style_frame`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()

    def of(self, described: Sequence[object], options: OptionValues) -> list[Picture] | None:
        """Return the paintings that a request describes, without frames, for `style_frame` "keep".

        None where one is not an opaque picture in a file, or the options need it as it is. What was warned
        of when it was read is warned of again. Raises PictureError, OptionError.
        """
        if options.get("style_scale") == "auto" or any(options.get(name) for name in _OF_THE_WHOLE):
            return None
        found: list[Picture] = []
        for one in described:
            path = _path(one)
            look = None if path is None else self._look(Path(path), options)
            if look is None:
                return None
            found.append(look)
        return found or None

    def _look(self, path: Path, options: OptionValues) -> Picture | None:
        frame = options.get("style_frame", Options.style_frame)
        try:
            facts = path.stat()
        except (OSError, ValueError):  # it is missing, or no file can have such a name
            return None  # whoever reads it says what is wrong
        key = path, facts.st_mtime_ns, facts.st_size, frame
        if key not in self._kept:
            look = _read(path, options)
            if look is None:
                return None
            while len(self._kept) >= _CAPACITY:
                self._kept.popitem(last=False)
            self._kept[key] = look
        self._kept.move_to_end(key)
        for warned in self._kept[key].warnings:
            warnings.warn(warned.message, stacklevel=2)
        return self._kept[key].picture


def _path(described: object) -> str | None:
    """Return the absolute path of a file that may be a picture."""
    path = described.get("path") if isinstance(described, dict) else None
    return path if isinstance(path, str) and Path(path).is_absolute() else None


def _read(path: Path, options: OptionValues) -> _Kept | None:
    """Return a painting, cropped and reduced; None for a learned style, or one with transparency."""
    of_reading = "style_frame", "max_memory"
    checked = Options.of({name: value for name, value in options.items() if name in of_reading})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        (style,) = read_styles_and_learned(path, checked, Memory.of(checked.max_memory))
    if isinstance(style, LearnedStyle) or style.alpha is not None:
        return None
    rgb = resize(style.rgb, fit(style.shape, min(SIDE, max(style.shape))))
    return _Kept(Picture(rgb, None, style.name, style.bits), tuple(told))
