"""Canonical layer names, those of VGG: ``conv3_1`` is the ReLU output of that convolution."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from nst_onnx.errors import OptionError
from nst_onnx.models.reserved_names import PREFIX

_VGG = re.compile(r"(?:conv|relu)(\d)_(\d)|block(\d)_conv(\d)")


def canonical(name: str) -> str:
    """Return VGG's name for a layer.

    ``relu1_1`` (Caffe, torch) and ``block1_conv1`` (Keras) become ``conv1_1``; any other name
    is returned unchanged, because other networks have other names.
    """
    match = _VGG.fullmatch(name.strip())
    if match is None:
        return name.strip()
    block, index = (g for g in match.groups() if g is not None)
    return f"conv{block}_{index}"


def resolve(name: str, available: Iterable[str]) -> str:
    """Return the name in `available` of the layer that the user calls `name`, also where it was reserved.

    Raises OptionError that suggests the nearest names.
    """
    known = list(available)
    for candidate in (name, canonical(name), f"{PREFIX}{name}"):
        if candidate in known:
            return candidate
    near = difflib.get_close_matches(canonical(name), known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known[:24])}"
    raise OptionError(f"the model has no layer {name!r}", hint)
