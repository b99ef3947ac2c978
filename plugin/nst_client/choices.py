"""Choices and ranges of the controls in every editor, and the engine request made of their values."""

from __future__ import annotations

from typing import TypedDict

from .archives import LEARNED
from .failure import Failure
from .option_values import OPTIONS
from .translation import _

_LABELS = {
    "instant": _("Instant (one pass)"),
    "fitted": _("Fitted (in seconds, closer to the style)"),
    "fast": _("Fast (a sketch)"),
    "good": _("Good (every pixel)"),
    "best": _("Best (every pixel, longest)"),
    "luminance": _("Of the photo (only lightness is painted)"),
    "histogram": _("The style in the photo's colours, tone by tone"),
    "covariance": _("The style in the photo's colours, overall"),
}


def _labelled(option: str) -> tuple[tuple[str, str], ...]:
    """Return an option's choices, each with its label, or its own name where it has none yet."""
    return tuple((name, _LABELS.get(name, name)) for name in OPTIONS[option]["choices"])


QUALITIES = _labelled("quality")
OWN_COLOURS = "no"
COLOURS = ((OWN_COLOURS, _("Of the painting")), *_labelled("preserve_colour"))
STRENGTH = OPTIONS["strength"]
STYLE_SCALE = 0.1, 4.0, OPTIONS["style_scale"]["default"]
"""The range of the slider, which is narrower than the option's, and the default."""
AUTO = "auto"
LARGEST = 8192  # pixels on the longest side
LARGEST_SEED = 2**31 - 1


Choices = TypedDict(
    "Choices",
    {
        "style": str,
        "second-style": str,
        "second-share": float,
        "strength": float,
        "style-scale": float,
        "keep-colours": str,
        "size": int,
        "seed": int,
        "quality": str,
        "model": str,
        "device": str,
    },
)
"""{control: value}; "style" and "second-style" are paths, or empty where there is none."""


class EngineRequest(TypedDict):
    """Keyword arguments of `Engine.stylize`."""

    styles: list[str]
    options: dict[str, object]
    quality: str
    model: str
    device: str


def engine_request(chosen: Choices) -> EngineRequest:
    """Return the request for the values of the controls. Raises Failure where no style is chosen."""
    if not chosen["style"]:
        raise Failure(_("no style picture is chosen"), _("choose a painting to paint like"))
    styles = [chosen["style"]]
    options: dict[str, object] = {
        "strength": chosen["strength"],
        "style_scale": chosen["style-scale"],
        "seed": chosen["seed"],
    }
    if chosen["second-style"]:
        styles.append(chosen["second-style"])
        options["style_weights"] = [1 - chosen["second-share"], chosen["second-share"]]
    if chosen["keep-colours"] != OWN_COLOURS:
        options["preserve_colour"] = chosen["keep-colours"]
    if chosen["size"]:
        options["size"] = chosen["size"]
    quality = chosen["quality"]
    if any(style.endswith(LEARNED) for style in styles):  # it paints in one pass, with the strokes it learned
        quality = "instant"
        del options["style_scale"]
        if options.get("preserve_colour") != "luminance":
            options.pop("preserve_colour", None)
    return {
        "styles": styles,
        "options": options,
        "quality": quality,
        "model": chosen["model"].strip() or AUTO,
        "device": chosen["device"].strip() or AUTO,
    }
