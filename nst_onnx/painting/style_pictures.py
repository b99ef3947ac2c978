"""Style pictures: read, counted, and without their frames; learned styles among them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeGuard, TypeVar

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.feedforward import gallery
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.painting.options import LossOptions
from nst_onnx.picture import Picture, PictureWarning, Source, frame, read
from nst_onnx.support.memory import Memory

_KEEPS_IT = " (style_frame=keep keeps it)"


class FrameWarning(PictureWarning):
    """A style's frame is cropped."""

    @property
    def sentence(self) -> str:
        """The message without the option that keeps the frame, for editors, which have a control for it.

        It is cut out of the message: a copied or pickled warning has nothing else.
        """
        return str(self).removesuffix(_KEEPS_IT)


Style: TypeAlias = "Source | LearnedStyle"
"""A painting, or a learned style: itself, its file, or its name."""


def read_styles_and_learned(
    style: Style | Iterable[Style],
    options: LossOptions,
    memory: Memory | None = None,
    *,
    perhaps_none: bool = False,
) -> list[Picture | LearnedStyle]:
    """Read one or several styles as `read_styles` does; those that are learned styles are read as such."""
    sources: list[Style] = style_list(style, perhaps_none=perhaps_none)
    check_style_weights(options.style_weights, len(sources))
    found: list[Picture | LearnedStyle] = []
    for source in sources:
        learned = gallery.find(source)
        if learned is None:
            assert not isinstance(source, LearnedStyle)
            found.append(_read_style(source, options, memory))
        else:
            found.append(learned)
    return found


def read_styles(
    style: Source | Iterable[Source],
    options: LossOptions,
    memory: Memory | None = None,
    *,
    perhaps_none: bool = False,
) -> list[Picture]:
    """Read one or several style pictures, without their frames unless the options keep them.

    `perhaps_none`: whether there may be none, because regions have their own. A PictureWarning says what is
    cropped. Raises OptionError for no style, or a wrong number of weights; PictureError.
    """
    sources = style_list(style, perhaps_none=perhaps_none)
    check_style_weights(options.style_weights, len(sources))
    return [_read_style(source, options, memory) for source in sources]


def _read_style(source: Source, options: LossOptions, memory: Memory | None) -> Picture:
    picture = read(source, what="style picture", memory=memory)
    masks = options.style_mask, options.style_labels
    # A mask of the painting says what counts, and belongs to the whole of it.
    kept = options.style_frame == "keep" or any(mask is not None for mask in masks)
    return picture if kept else _without_frame(picture)


def _without_frame(style: Picture) -> Picture:
    border = frame.border(style)
    if not border:
        return style
    told = f"{style.name}: its frame is cropped from the style, {border}"
    warnings.warn(FrameWarning(f"{told}{_KEEPS_IT}"), stacklevel=3)
    return frame.crop(style, border)


S = TypeVar("S", bound="Style")


def style_list(style: S | Iterable[S], *, perhaps_none: bool = False) -> list[S]:
    """Return one or several style pictures as a list. Raises OptionError for none, unless that may be."""
    styles = list(style) if are_several(style) else [style]
    if not styles and not perhaps_none:
        raise OptionError("no style picture given", "give at least one")
    return styles  # type: ignore[return-value]  # buffers and arrays are iterable, too


def are_several(style: S | Iterable[S]) -> TypeGuard[Iterable[S]]:
    """Return whether a list, a generator or the like was given: text, buffers, arrays and files are one."""
    one = isinstance(style, str | bytes | bytearray | memoryview | np.ndarray | Mapping)
    return isinstance(style, Iterable) and not one and not hasattr(style, "read")


def check_style_weights(weights: Sequence[float] | None, count: int) -> None:
    """Raise OptionError unless there is one weight for each of `count` style pictures, or none at all."""
    if weights is not None and len(weights) != count:
        raise OptionError(f"style_weights has {len(weights)} numbers for {count} style pictures")
