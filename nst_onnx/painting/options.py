"""Every control of a stylisation, checked in one place for the library, the command and the editors."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from nst_onnx.errors import OptionError
from nst_onnx.painting import presets
from nst_onnx.painting.presets.preset import OptimiserName
from nst_onnx.support import memory

if TYPE_CHECKING:
    from nst_onnx.graph.passes.network_edits import Pooling

Layers = Mapping[str, float] | Sequence[str]
PreserveColour = Literal["luminance", "histogram", "covariance"]
Quality = Literal["fast", "good", "best"]

MAX_SIDE = 32768


@dataclass(frozen=True, kw_only=True)
class LossOptions:
    """What makes a good picture. None means: as the preset says.

    `preset`: a published recipe, or "default".
    `size`: longest side in pixels (the other follows), or exactly (width, height).
    `style_scale`: size of the style pictures relative to the content; smaller makes finer strokes.
    `style_weights`: one weight per style picture; None blends them equally.
    `strength`: 0..1, how much style: 0 is the photo, 0.5 the preset's own balance, 1 nothing but style. The
    content weight is multiplied by ((1 − strength)/strength)³.
    `content_weight`, `style_weight`, `tv_weight`: the terms' weights in the preset's own units.
    `content_layers`, `style_layers`: names, or {name: weight}.
    `pooling`: "max" or "average".
    `preserve_colour`: "luminance" paints with the content's colours (the result takes only its lightness
    from the painting); "histogram" and "covariance" recolour the style beforehand.
    `max_memory`: bytes or text like "2GB", of the whole process; None: half of the machine's. Larger pictures
    are computed in tiles, with the same losses and gradient.
    """

    preset: str = "default"
    size: int | tuple[int, int] | None = None
    style_scale: float = 1.0
    style_weights: Sequence[float] | None = None
    strength: float = 0.5
    content_weight: float | None = None
    style_weight: float | None = None
    tv_weight: float | None = None
    content_layers: Layers | None = None
    style_layers: Layers | None = None
    pooling: Pooling | None = None
    preserve_colour: PreserveColour | None = None
    max_memory: int | str | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for any value that makes no sense."""
        presets.find(_text("preset", self.preset))
        _size(self.size)
        check_number("style_scale", self.style_scale, 0.05, 20)
        check_number("strength", self.strength, 0, 1)
        for name in ("content_weight", "style_weight", "tv_weight"):
            check_number(name, getattr(self, name), 0, math.inf)
        _weights("style_weights", self.style_weights)
        for name in ("content_layers", "style_layers"):
            _layers(name, getattr(self, name))
        _choice("pooling", self.pooling, ("max", "average"))
        _choice("preserve_colour", self.preserve_colour, ("luminance", "histogram", "covariance"))
        if self.max_memory is not None:
            memory.parse(self.max_memory)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return checked options from a mapping. Raises OptionError for a name that is none."""
        known = [f.name for f in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise OptionError(f"there is no option {unknown[0]!r}", f"options are: {', '.join(known)}")
        return cls(**{name: _scalar(value) for name, value in values.items()})


@dataclass(frozen=True, kw_only=True)
class Options(LossOptions):
    """Every control of a stylisation. None means: as the preset says.

    `init`: what to start from: "content", "noise", "style" (noise with the style's colours), or
    a picture (path, PIL image, array, bytes). From noise the content must be found again: that takes a
    smaller strength and more steps.
    `quality`: "fast", "good" or "best" sets `steps` and `size` where they are None, to what suits the device.
    `steps`: evaluations in all, over all scales. `max_seconds`: stop at the best picture by then, counted
    from where this run begins or goes on.
    `pyramid`: coarse to fine. `optimiser`: "lbfgs", "preconditioned" (the same in fewer steps) or
    "adam". `learning_rate`: in grey levels.
    `min_change`: a scale is done when ten evaluations have changed the picture by less than so many grey
    levels (root mean square); 0 uses all steps.
    `averaging`: 0..1 (below 1), decay of the running average of iterates that becomes the result; 0 takes
    the best iterate. `seed`: of all random numbers.
    """

    init: Any = None
    quality: Quality | None = None
    steps: int | None = None
    max_seconds: float | None = None
    pyramid: bool | None = None
    optimiser: OptimiserName | None = None
    learning_rate: float | None = None
    min_change: float | None = None
    averaging: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise OptionError for any value that makes no sense."""
        super().__post_init__()
        _choice("quality", self.quality, ("fast", "good", "best"))
        check_whole("steps", self.steps, 1)
        check_whole("seed", self.seed, 0)
        check_number("max_seconds", self.max_seconds, 0.0, math.inf)
        _choice("optimiser", self.optimiser, get_args(OptimiserName))
        check_number("learning_rate", self.learning_rate, 1e-9, 1e6)
        check_number("min_change", self.min_change, 0, 255)
        check_number("averaging", self.averaging, 0, 0.9999)


def _scalar(value: Any) -> Any:
    """Return numpy's numbers and lists of numbers as Python's. (Pictures have more axes.)"""
    return value.tolist() if len(getattr(value, "shape", (0, 0))) < 2 else value


def check_number(name: str, value: Any, low: float, high: float) -> None:
    """Raise OptionError if `value` is not None and no finite number from `low` to `high`."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        bound = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise OptionError(f"{name} must be a number {bound}, not {value!r}")
    if not abs(value) <= sys.float_info.max:  # whole numbers can be larger than any float
        raise OptionError(f"{name} must be finite, not {value!r}")


def check_whole(name: str, value: Any, low: int) -> None:
    """Raise OptionError if `value` is not None and no whole number of at least `low`."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
        raise OptionError(f"{name} must be a whole number of at least {low}, not {value!r}")


def _size(size: Any) -> None:
    if size is None:
        return
    sides = size if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or None in sides:
        raise OptionError(f"size must be one number or (width, height), not {size!r}")
    for side in sides:
        check_whole("size", side, 1)
        if side > MAX_SIDE:
            raise OptionError(f"size must be at most {MAX_SIDE} pixels, not {side}")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError(f"{name} must be a name, not {value!r}")
    return value


def _layers(name: str, layers: Any) -> None:
    if layers is None:
        return
    if isinstance(layers, str) or not isinstance(layers, Mapping | Sequence):
        raise OptionError(f"{name} must be a list of names, or names with weights, not {layers!r}")
    for layer in layers:
        _text(name, layer)
    if not layers:
        raise OptionError(f"{name} is empty", "name at least one layer, or give the loss a weight of 0")
    if isinstance(layers, Mapping):
        _weights(name, list(layers.values()))


def _weights(name: str, weights: Any) -> None:
    if weights is None:
        return
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        raise OptionError(f"{name} must be a list of numbers, not {weights!r}")
    for weight in weights:
        check_number(name, weight, 0, math.inf)
    if not sum(weights) > 0:
        raise OptionError(f"{name} must not be all zero", "give at least one a positive weight")


def _choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}, not {value!r}")
