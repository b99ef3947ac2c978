"""``nst-onnx presets``: the recipes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.cli import table

if TYPE_CHECKING:
    from nst_onnx.objective.losses.loss import Target
    from nst_onnx.painting.presets.preset import Preset

_TARGETS: tuple[Target, ...] = ("content", "style")


def show() -> None:
    """List the presets: published recipes, and our own."""
    from nst_onnx.painting.presets import PRESETS

    rows = []
    for name, preset in PRESETS.items():
        size = "x".join(map(str, preset.size)) if isinstance(preset.size, tuple) else str(preset.size)
        rows.append(
            (
                name,
                preset.model or "any",
                size,
                f"{preset.steps} {preset.optimiser}",
                *(_layers(preset, target) for target in _TARGETS),
                preset.source,
            )
        )
    table.show(("preset", "network", "size", "steps", *_TARGETS, "source"), rows)


def _layers(preset: Preset, target: Target) -> str:
    """Return the layers of the losses with a target, after the statistic unless it is the Gram matrix."""
    from nst_onnx.objective.losses.loss import FeatureLoss

    return "; ".join(
        (f"{weighted.loss.name}: " if weighted.loss.name != target else "")
        + ("the model's own" if weighted.layers is None else " ".join(weighted.layers))
        for weighted in preset.losses
        if isinstance(weighted.loss, FeatureLoss) and weighted.loss.target == target
    )
