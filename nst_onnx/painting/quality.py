"""Three levels of quality, for people who want to choose between waiting and beauty only."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeVar

from nst_onnx.painting.options import Options
from nst_onnx.runtime import BACKENDS

Some = TypeVar("Some", bound=Options)


class Budget(NamedTuple):
    """How much work a picture is worth: evaluations in all, and its longest side in pixels."""

    steps: int
    size: int


_CPU = {"fast": Budget(60, 384), "good": Budget(150, 640), "best": Budget(400, 1024)}
_GPU = {"fast": Budget(200, 512), "good": Budget(500, 1024), "best": Budget(1000, 2048)}


def budgets(device_kind: str) -> dict[str, Budget]:
    """Return {quality: budget} for a kind of device, as in `nst_onnx.runtime.BACKENDS`."""
    return _GPU if BACKENDS[device_kind].gpu else _CPU


def within_budget(options: Some, content: tuple[int, int], device_kind: str) -> Some:
    """Return the options with what their quality adds; what is given stays.

    The picture is never made larger than the content for the sake of quality.
    """
    if options.quality is None:
        return options
    budget = budgets(device_kind)[options.quality]
    return replace(
        options,
        steps=options.steps or budget.steps,
        size=options.size or min(budget.size, max(content)),
    )
