"""Presets: published recipes, one file each; `find` returns one by name."""

from nst_onnx.errors import OptionError
from nst_onnx.painting.presets import course, default, gatys2015, log0, narayanan, neural_style
from nst_onnx.painting.presets.preset import Preset

PRESETS: dict[str, Preset] = {
    module.PRESET.name: module.PRESET
    for module in (default, gatys2015, course, log0, narayanan, neural_style)
}


def find(name: str) -> Preset:
    """Return the preset called `name`. Raises OptionError, which lists all presets."""
    try:
        return PRESETS[name]
    except KeyError:
        raise OptionError(f"there is no preset {name!r}", f"choose one of {', '.join(PRESETS)}") from None


__all__ = ["PRESETS", "Preset", "find"]
