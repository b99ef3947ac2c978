"""``nst-onnx presets``: the recipes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.cli import table

if TYPE_CHECKING:
    from nst_onnx.painting.presets.preset import WeightedLoss


def show() -> None:
    """List the presets: published recipes, and our own."""
    from nst_onnx.objective.losses import LOSSES
    from nst_onnx.objective.losses.loss import FeatureLoss
    from nst_onnx.painting.presets import PRESETS

    losses = [name for name, loss in LOSSES.items() if isinstance(loss, FeatureLoss)]
    rows = []
    for name, preset in PRESETS.items():
        size = "x".join(map(str, preset.size)) if isinstance(preset.size, tuple) else str(preset.size)
        rows.append(
            (
                name,
                preset.model or "any",
                size,
                f"{preset.steps} {preset.optimiser}",
                *(_layers(preset.loss(loss)) for loss in losses),
                preset.source,
            )
        )
    table.show(("preset", "network", "size", "steps", *losses, "source"), rows)


def _layers(weighted: WeightedLoss | None) -> str:
    if weighted is None:
        return ""
    return "the model's own" if weighted.layers is None else " ".join(weighted.layers)
