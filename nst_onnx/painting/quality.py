"""Quality levels: each sets steps and size to what suits a kind of device."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeVar

from nst_onnx.painting.options import Options
from nst_onnx.runtime import BACKENDS

Some = TypeVar("Some", bound=Options)


class Budget(NamedTuple):
    """Number of evaluations, and the picture's longest side in pixels."""

    steps: int
    size: int


ONE_PASS = ("instant", "fitted")
"""Qualities that begin with one pass of the painter; the steps of "fitted" are those of the fitting."""

_ONE_PASS = {"instant": Budget(1, 1024), "fitted": Budget(20, 512)}
# Good and best paint every pixel of a photo: their sizes are bounds for panoramas.
_CPU = _ONE_PASS | {"fast": Budget(40, 384), "good": Budget(200, 6000), "best": Budget(240, 8192)}
_GPU = _ONE_PASS | {"fast": Budget(120, 512), "good": Budget(300, 6000), "best": Budget(600, 8192)}


# Of a film's frames: there are many of them.
_CPU_FILM = _ONE_PASS | {"fast": Budget(40, 384), "good": Budget(90, 640), "best": Budget(240, 1024)}
_GPU_FILM = _ONE_PASS | {"fast": Budget(120, 512), "good": Budget(300, 1024), "best": Budget(600, 2048)}


def budgets(device_kind: str, *, film: bool = False) -> dict[str, Budget]:
    """Return {quality: budget} for a kind of device, as in `nst_onnx.runtime.BACKENDS`.

    `film`: of a film's frames.
    """
    if film:
        return _GPU_FILM if BACKENDS[device_kind].gpu else _CPU_FILM
    return _GPU if BACKENDS[device_kind].gpu else _CPU


def within_budget(options: Some, content: tuple[int, int], device_kind: str, *, film: bool = False) -> Some:
    """Return the options with the steps and size of their quality, where they have none of their own.

    The size is at most the content's. `content`: its (H, W). `film` as in `budgets`.
    """
    if options.quality is None:
        return options
    budget = budgets(device_kind, film=film)[options.quality]
    return replace(
        options,
        steps=options.steps or budget.steps,
        size=options.size or min(budget.size, max(content)),
    )
