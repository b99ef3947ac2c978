"""The options of a painting. This file declares each of them once; all else is made from the declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Self

from nst_onnx.errors import OptionError
from nst_onnx.painting.number_or_word import NumberOrWord
from nst_onnx.painting.option import Option, declared, option
from nst_onnx.painting.option_types import (
    MAX_SIDE,
    Choice,
    Flag,
    MemoryLimit,
    Number,
    PictureSource,
    PresetName,
    Size,
    Whole,
)
from nst_onnx.painting.region_options import REGIONS, RegionOptions, RegionOptionValues
from nst_onnx.painting.weight_types import LayerWeights, Statistics, Weights

if TYPE_CHECKING:
    from nst_onnx.graph.passes.network_edits import Pooling
    from nst_onnx.painting.presets.preset import OptimiserName
    from nst_onnx.picture import Source

__all__ = [
    "MAX_SIDE",
    "REGIONS",
    "Layers",
    "LossOptionValues",
    "LossOptions",
    "OptionValues",
    "Options",
    "PreserveColour",
    "Quality",
    "StyleFrame",
    "register",
    "unregister",
]

Layers = Mapping[str, float] | Sequence[str]
Statistic = Mapping[str, float] | Sequence[str] | str
StyleFrame = Literal["crop", "keep"]
PreserveColour = Literal["luminance", "histogram", "covariance"]
Quality = Literal["instant", "fitted", "fast", "good", "best"]

PICTURE, STYLE, LOSSES, OPTIMISATION = "Picture", "Style", "Losses", "Optimisation"
MODEL = "Model and device"


@dataclass(frozen=True, kw_only=True)
class LossOptions(RegionOptions):
    """The options that the value of the loss depends on. None: the preset's value.

    `extra`: the values of options that were added by `register`; those not given have their defaults.
    Raises OptionError for an invalid value.
    """

    preset: str = option(
        "default", PresetName(), group=STYLE, help="A published recipe, or our own; see `nst-onnx presets`"
    )
    size: int | tuple[int, int] | Literal["full"] | None = option(
        None,
        Size(),
        group=PICTURE,
        help="Longest side in pixels, exactly 400x300, or full: as large as the content",
        fallback="512, or the preset's",
    )
    style_scale: float | Literal["auto"] = option(
        1.0,
        NumberOrWord(0.05, 20),
        group=STYLE,
        metavar="FACTOR|auto",
        help="Size of the style relative to the content; smaller makes finer strokes; auto: by the width of "
        "the painting's strokes",
    )
    style_weights: Sequence[float] | None = option(
        None, Weights(), group=STYLE, help="One weight for each style picture", fallback="equal"
    )
    style_frame: StyleFrame = option(
        "crop",
        Choice("crop", "keep"),
        group=STYLE,
        help="Whether a frame, mat or margin around the painting is cropped from the style, or kept",
    )
    strength: float = option(
        0.5,
        Number(0, 1),
        group=STYLE,
        help="How much style: 0 is the content, 1 nothing but style, 0.5 the preset's own balance",
    )
    content_weight: float | None = option(
        None,
        Number(),
        group=LOSSES,
        metavar="W",
        help="Weight of likeness to the content, in the preset's units",
        fallback="the preset's",
    )
    style_weight: float | None = option(
        None,
        Number(),
        group=LOSSES,
        metavar="W",
        help="Weight of likeness to the style",
        fallback="the preset's",
    )
    style_statistic: Statistic | None = option(
        None,
        Statistics(),
        group=LOSSES,
        help="What the style loss compares: gram, moments, wasserstein, neighbours; or a=1,b=0.5",
        fallback="moments, or the preset's",
    )
    neighbours_weight: float | None = option(
        None,
        Number(),
        group=LOSSES,
        metavar="W",
        help="Weight of likeness to the nearest places in the style",
        fallback="the preset's, or 0",
    )
    tv_weight: float | None = option(
        None,
        Number(),
        group=LOSSES,
        metavar="W",
        help="Weight of smoothness, total variation",
        fallback="the preset's",
    )
    content_layers: Layers | None = option(
        None,
        LayerWeights(),
        group=LOSSES,
        help="Layers of the content loss: conv4_2, or with weights a=1,b=0.5",
        fallback="the preset's, or the model's own",
    )
    style_layers: Layers | None = option(
        None,
        LayerWeights(),
        group=LOSSES,
        help="Layers of the style loss: conv1_1,conv2_1 or conv1_1=1,conv3_1=0.5",
        fallback="the preset's, or the model's own",
    )
    neighbours_layers: Layers | None = option(
        None,
        LayerWeights(),
        group=LOSSES,
        help="Layers of the neighbours loss: conv2_1,conv3_1 or conv2_1=1,conv3_1=0.5",
        fallback="the model's own style layers but the first",
    )
    pooling: Pooling | None = option(
        None,
        Choice("max", "average"),
        group=LOSSES,
        help="How the network shrinks its features: max or average",
        fallback="average, or the preset's",
    )
    preserve_colour: PreserveColour | None = option(
        None,
        Choice("luminance", "histogram", "covariance"),
        group=PICTURE,
        metavar="HOW",
        help="Keep the content's colours: luminance (paint only lightness), or recolour the style beforehand "
        "by histogram or covariance",
        fallback="neither",
    )
    max_memory: int | str | None = option(
        None,
        MemoryLimit(),
        group=MODEL,
        help="How much memory the process may take, as in 2GB: larger pictures are computed in tiles, "
        "with the same result",
        fallback="half of the machine's",
    )
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise OptionError for an invalid value."""
        super().__post_init__()
        added = {name: one for name, one in self.table().items() if name not in declared(type(self))}
        for name in self.extra:
            if name not in added:
                raise OptionError(f"there is no option {name!r}", f"options are: {', '.join(self.table())}")
        extra = {name: self.extra.get(name, one.default) for name, one in added.items()}
        for name, value in extra.items():
            added[name].check(value)
        object.__setattr__(self, "extra", extra)

    @classmethod
    def table(cls) -> Mapping[str, Option]:
        """Return the declarations of all options of this set, registered ones included."""
        # Those of regions, which are inherited, come last.
        own = dict(sorted(declared(cls).items(), key=lambda one: one[1].group == REGIONS))
        return {**own, **{n: one for n, one in _REGISTERED.items() if one.loss or issubclass(cls, Options)}}

    def values(self) -> dict[str, object]:
        """Return every option's value by name, registered ones included."""
        return {name: getattr(self, name) for name in declared(type(self))} | dict(self.extra)

    @classmethod
    def _made(cls, values: dict[str, Any]) -> Self:
        own = {f.name for f in fields(cls)}
        extra = {name: value for name, value in values.items() if name not in own}
        return cls(**{name: value for name, value in values.items() if name in own}, extra=extra)


@dataclass(frozen=True, kw_only=True)
class Options(LossOptions):
    """Every option of a painting. None: the preset's value, or no limit.

    From noise (`init`) the content must be found again: that takes a smaller strength and more steps
    (the preset `default` takes 5/3 of its own or of the quality's, where `steps` is not given).
    `max_seconds` counts from where this run begins or resumes. Raises OptionError for an invalid value.
    """

    init: Source | None = option(
        None,
        PictureSource("content", "recoloured", "noise", "style"),
        group=PICTURE,
        help="What to start from: content, recoloured (content in the style's colours), noise, style (noise "
        "with its colours), or a picture of your own",
        fallback="content, or the preset's",
    )
    colour_transfer: bool = option(
        False,
        Flag(),
        group=PICTURE,
        help="Give the finished picture's soft colours (low frequencies of Oklab a, b) the mean and "
        "covariance of the style's",
    )
    quality: Quality | None = option(
        None,
        Choice("instant", "fitted", "fast", "good", "best"),
        group=OPTIMISATION,
        help="instant: one pass of a feed-forward network; fitted: nearer to the painting, in seconds, at up "
        "to 512 pixels; fast, good, best: size and steps that suit the device, where they are not given",
    )
    steps: int | None = option(
        None,
        Whole(1),
        group=OPTIMISATION,
        help="Evaluations in all, over all scales; 133 by default where the photo is not the start",
        fallback="80, or the preset's",
    )
    max_seconds: float | None = option(
        None,
        Number(),
        group=OPTIMISATION,
        metavar="S",
        help="Stop at the best picture by then",
        fallback="no limit",
    )
    pyramid: bool | None = option(
        None, Flag(), group=OPTIMISATION, help="Coarse to fine", fallback="on, or as the preset does"
    )
    optimiser: OptimiserName | None = option(
        None,
        Choice("lbfgs", "preconditioned", "adam"),
        group=OPTIMISATION,
        help="lbfgs, preconditioned (L-BFGS with a preconditioner, in fewer steps), or adam",
        fallback="preconditioned, or the preset's",
    )
    learning_rate: float | None = option(
        None,
        Number(1e-9, 1e6),
        group=OPTIMISATION,
        metavar="R",
        help="Step size, in grey levels",
        fallback="1, or the preset's",
    )
    min_change: float | None = option(
        None,
        Number(0, 255),
        group=OPTIMISATION,
        metavar="LEVELS",
        help="A scale is done when ten steps change the picture by less, in grey levels (root mean square); "
        "0 uses all steps",
        fallback="1.5, or the preset's",
    )
    averaging: float | None = option(
        None,
        Number(0, 0.9999),
        group=OPTIMISATION,
        metavar="0..1",
        help="Decay of the running average of iterates; 0 takes the best one",
        fallback="0, or the preset's",
    )
    seed: int = option(0, Whole(), group=OPTIMISATION, help="Seed of all random numbers")

    def __post_init__(self) -> None:
        """Raise OptionError for an invalid value, and for colours of both content and style."""
        super().__post_init__()
        if self.colour_transfer and self.preserve_colour is not None:
            raise OptionError(
                "preserve_colour keeps the content's colours, and colour_transfer takes the style's",
                "give one of them",
            )


_REGISTERED: dict[str, Option] = {}


def register(declaration: Option) -> None:
    """Add an option: the command line, configurations and the worker's protocol take it from now on.

    Its value is in `Options.extra`, in a result's settings and in a checkpoint's fingerprint. Raises
    OptionError for a name that is taken or no identifier, and for a default that its type refuses.
    """
    if not declaration.name.isidentifier() or declaration.name in Options.table():
        raise OptionError(f"{declaration.name!r} cannot be the name of a new option", "choose another one")
    declaration.check(declaration.default)
    _REGISTERED[declaration.name] = declaration


def unregister(name: str) -> None:
    """Remove an option that `register` added."""
    del _REGISTERED[name]


class LossOptionValues(RegionOptionValues, total=False):
    """The options of `LossOptions` as keyword arguments."""

    preset: str
    size: int | tuple[int, int] | Literal["full"] | None
    style_scale: float | Literal["auto"]
    style_weights: Sequence[float] | None
    style_frame: StyleFrame
    strength: float
    content_weight: float | None
    style_weight: float | None
    style_statistic: Statistic | None
    neighbours_weight: float | None
    tv_weight: float | None
    content_layers: Layers | None
    style_layers: Layers | None
    neighbours_layers: Layers | None
    pooling: Pooling | None
    preserve_colour: PreserveColour | None
    max_memory: int | str | None


class OptionValues(LossOptionValues, total=False):
    """The options of `Options` as keyword arguments."""

    init: Source | None
    colour_transfer: bool
    quality: Quality | None
    steps: int | None
    max_seconds: float | None
    pyramid: bool | None
    optimiser: OptimiserName | None
    learning_rate: float | None
    min_change: float | None
    averaging: float | None
    seed: int
