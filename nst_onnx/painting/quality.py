"""Three levels of quality, for people who want to choose between waiting and beauty only."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeVar

from nst_onnx.painting.options import Options

Some = TypeVar("Some", bound=Options)


class Budget(NamedTuple):
    """How much work a picture is worth: evaluations in all, and its longest side in pixels."""

    steps: int
    size: int


_CPU = {"fast": Budget(60, 384), "good": Budget(150, 640), "best": Budget(400, 1024)}
_GPU = {"fast": Budget(200, 512), "good": Budget(500, 1024), "best": Budget(1000, 2048)}
BUDGETS = {"cpu": _CPU, "openvino": _CPU, "cuda": _GPU}
"""{kind of device: {quality: budget}}."""


def within_budget(options: Some, content: tuple[int, int], device_kind: str) -> Some:
    """Return the options with what their quality adds; what is given stays.

    The picture is never made larger than the content for the sake of quality.
    """
    if options.quality is None:
        return options
    budget = BUDGETS[device_kind][options.quality]
    return replace(
        options,
        steps=options.steps or budget.steps,
        size=options.size or min(budget.size, max(content)),
    )
