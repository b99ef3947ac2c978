"""The losses, one module each. Records and options loop over the table `LOSSES`; `register` adds to it.

A new loss is a module with an instance of one of the kinds in `losses.loss`, and its place in the table.
Options `NAME_weight`, and for a loss on features `NAME_layers`, are declared in `nst_onnx.painting.options`;
`nst_onnx.painting.loss_options.register_loss` adds a loss from outside with both. The temporal loss is not in
the table: its target is the previous frame of a video, which no option gives.
"""

from __future__ import annotations

from nst_onnx.objective.losses import content, moments, neighbours, style, total_variation, wasserstein
from nst_onnx.objective.losses.loss import FeatureLoss, Loss

LOSSES: dict[str, Loss] = {
    loss.name: loss for loss in (content.LOSS, style.LOSS, neighbours.LOSS, total_variation.SQUARED)
}

STATISTICS: dict[str, FeatureLoss] = {
    "gram": style.LOSS,
    moments.LOSS.name: moments.LOSS,
    wasserstein.LOSS.name: wasserstein.LOSS,
    neighbours.LOSS.name: neighbours.LOSS,
}
"""What the option `style_statistic` offers in place of the style loss, with its weight and layers."""

ALTERNATIVES = frozenset(STATISTICS) - {"gram", "neighbours"}
"""Statistics in place of the Gram matrix. Their losses are part of the sum that is reported as "style"."""


def register(loss: Loss) -> None:
    """Add a loss to the table. Raises ValueError where its name is taken or no lower-case identifier."""
    name = loss.name
    if name in (*LOSSES, *STATISTICS, "total", "temporal") or not (name.isidentifier() and name.islower()):
        raise ValueError(f"a loss cannot be named {name!r}")
    LOSSES[name] = loss


__all__ = ["ALTERNATIVES", "LOSSES", "STATISTICS", "Loss", "register"]
