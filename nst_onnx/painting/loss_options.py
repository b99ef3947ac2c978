"""Registration of a loss from outside the package, with options for its weight and its layers."""

from __future__ import annotations

from nst_onnx.objective import losses
from nst_onnx.objective.losses.loss import FeatureLoss, Loss
from nst_onnx.painting import options
from nst_onnx.painting.option import Option
from nst_onnx.painting.option_types import Number
from nst_onnx.painting.weight_types import LayerWeights


def register_loss(loss: Loss) -> None:
    """Add a loss to the table, and `NAME_weight` and `NAME_layers` to the options.

    Presets without it use it where its weight is given, with its own normalisation. Raises ValueError where
    its name is taken or no lower-case identifier.
    """
    losses.register(loss)
    for declaration in loss_options(loss):
        options.register(declaration)


def unregister_loss(loss: Loss) -> None:
    """Remove a loss and its options."""
    del losses.LOSSES[loss.name]
    for declaration in loss_options(loss):
        options.unregister(declaration.name)


def loss_options(loss: Loss) -> list[Option]:
    """Return the declarations of a registered loss's options."""
    name, group = loss.name, options.LOSSES
    weight = Option(
        f"{name}_weight",
        Number(),
        group=group,
        help=f"Weight of the loss {name}",
        fallback="the preset's, or 0",
        metavar="W",
        loss=True,
    )
    if not isinstance(loss, FeatureLoss):
        return [weight]
    layers = Option(
        f"{name}_layers",
        LayerWeights(),
        group=group,
        help=f"Layers of the loss {name}: conv1_1,conv2_1 or conv1_1=1,conv3_1=0.5",
        fallback="the preset's, or the model's own",
        loss=True,
    )
    return [weight, layers]
