"""``nst-onnx presets``: the recipes there are."""

from __future__ import annotations

from collections.abc import Mapping

from nst_onnx.cli import table


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
                _layers(preset.content_layers),
                _layers(preset.style_layers),
                preset.source,
            )
        )
    table.show(("preset", "network", "size", "steps", "content", "style", "source"), rows)


def _layers(layers: Mapping[str, float] | None) -> str:
    return "the model's own" if layers is None else " ".join(layers)
