"""Our own recipe: scale-free losses, coarse to fine from the content. One strength, any size, any network."""

from nst_onnx.objective.losses import content, moments, total_variation
from nst_onnx.objective.losses.normalisation import relative_by_area, relative_by_positions
from nst_onnx.painting.presets.preset import Preset, WeightedLoss

PRESET = Preset(
    name="default",
    source="nst-onnx",
    model=None,
    losses=(
        WeightedLoss(content.LOSS, weight=0.008, normalisation=relative_by_area),
        WeightedLoss(moments.LOSS, weight=1.0, normalisation=relative_by_positions),
        WeightedLoss(total_variation.SQUARED, weight=0.0),
    ),
    pooling="average",
    margin=16,
    start="content",
    optimiser="preconditioned",
    size=512,
    pyramid=True,
    detail=1.2,
    fine_levels=True,
    steps=80,
    min_change=1.5,
)
