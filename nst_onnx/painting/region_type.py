"""The type of the option `regions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from nst_onnx.errors import OptionError
from nst_onnx.painting.option_types import Number, OptionType
from nst_onnx.painting.region import Region, parse, word_of
from nst_onnx.support.arguments import shown

MOST = 64
_HINT = "give Region(mask, style), a text such as sky.png=clouds.jpg, or colour or auto"


class Regions(OptionType):
    """A list of regions: `Region`, or texts. On the command line one option for each."""

    metavar = "MASK=STYLE"
    argument = list[str]
    stored = (list, str)
    repeated = True

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless every region has a valid form; pictures are checked when they are read."""
        if isinstance(value, str) and word_of(value):
            return
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise OptionError(f"{name} must be a list of regions, not {shown(value)}", _HINT)
        if len(value) > MOST:
            raise OptionError(f"{len(value)} regions are too many", f"give at most {MOST}")
        if word_of(value):
            return
        for region in value:
            found = parse(region) if isinstance(region, str) else region
            if not isinstance(found, Region):
                raise OptionError(f"{name} must be a list of regions, not of {shown(region)}", _HINT)
            if found.strength is not None:
                Number(0, 1).check("a region's strength", found.strength)
            if found.style_scale is not None:
                Number(0.05, 20).check("a region's style_scale", found.style_scale)

    def load(self, value: object) -> object:
        """Return the regions of a list of texts, or of tables with the fields of `Region`."""
        if not isinstance(value, list | tuple) or word_of(value):
            return value
        return [_loaded(one) for one in value]

    def describe(self) -> str:
        """Return the form."""
        return "`sky.png=clouds.jpg,strength=0.7,scale=0.5`, several times; `colour`; `auto`"

    def schema(self) -> dict[str, object]:
        """Return the type."""
        return {"type": "regions"}


def _loaded(value: object) -> object:
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, Mapping):
        known = {field.name for field in fields(Region)}
        unknown = [name for name in value if name not in known]
        if unknown or not {"mask", "style"} <= value.keys():
            what = f"no setting {unknown[0]!r}" if unknown else "a mask and a style"
            raise OptionError(f"a region has {what}", f"its settings are {', '.join(sorted(known))}")
        return Region(**{str(name): one for name, one in value.items()})
    return value
