"""Values for shell completion. What is heavy is imported only when values are requested."""

from __future__ import annotations


def models() -> list[tuple[str, str]]:
    """Return the names of models, each with its origin."""
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


def styles() -> list[str]:
    """Return the names of learned styles."""
    from nst_onnx.feedforward import gallery

    return list(gallery.files())


def devices() -> list[str]:
    """Return the devices of this machine."""
    from nst_onnx.errors import DeviceError
    from nst_onnx.runtime import available

    try:
        return ["auto", *available()]
    except DeviceError:
        return ["auto"]
