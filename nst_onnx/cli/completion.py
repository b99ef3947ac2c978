"""What the shell offers when somebody presses Tab. Imports only when asked."""

from __future__ import annotations

from collections.abc import Callable


def presets() -> list[tuple[str, str]]:
    """Return the presets' names, each with the network it was published for."""
    from nst_onnx.painting.presets import PRESETS

    return [(name, preset.model or "any network") for name, preset in PRESETS.items()]


def models() -> list[tuple[str, str]]:
    """Return the models that have a name."""
    from nst_onnx.models import catalogue

    named = [(entry.name, entry.origin) for entry in catalogue.installed()]
    return [("auto", "the best there is"), *named]


def installed() -> list[str]:
    """Return the models that can be removed."""
    from nst_onnx.models import catalogue

    return [entry.name for entry in catalogue.installed() if entry.origin == "installed"]


def fetchable() -> list[tuple[str, str]]:
    """Return the models that can be downloaded."""
    from nst_onnx.models.fetch import SOURCES

    return [(name, source.title) for name, source in SOURCES.items()]


def devices() -> list[str]:
    """Return the devices that can be asked for here."""
    from nst_onnx.errors import DeviceError
    from nst_onnx.runtime import available

    try:
        return ["auto", *available()]
    except DeviceError:
        return ["auto"]


def one_of(*words: str) -> Callable[[], list[str]]:
    """Return a completion that always offers `words`."""
    return lambda: list(words)


starts = one_of("content", "noise", "style")
preserve_colour = one_of("luminance", "histogram", "covariance")
qualities = one_of("fast", "good", "best")
pooling = one_of("max", "average")
optimisers = one_of("lbfgs", "preconditioned", "adam")
channel_orders = one_of("RGB", "BGR")
