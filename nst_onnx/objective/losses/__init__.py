"""The losses. `LOSSES` is the table that assembly, records and options loop over; `register` adds to it.

Each has an option for its weight, `NAME_weight`, and on features one for its layers, `NAME_layers`. The
temporal loss is not in it: what it compares with comes with a frame of a video, not by an option.
"""

from __future__ import annotations

from nst_onnx.objective.losses import content, style, total_variation
from nst_onnx.objective.losses.loss import Loss

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (content.LOSS, style.LOSS, total_variation.SQUARED)}


def register(loss: Loss) -> None:
    """Add a loss to the table. Raises ValueError where its name is taken or no lower-case identifier."""
    name = loss.name
    if name in (*LOSSES, "total", "temporal") or not (name.isidentifier() and name.islower()):
        raise ValueError(f"a loss cannot be named {name!r}")
    LOSSES[name] = loss


__all__ = ["LOSSES", "Loss", "register"]
