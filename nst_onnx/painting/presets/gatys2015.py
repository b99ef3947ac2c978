"""The paper: Gatys, Ecker & Bethge, "A Neural Algorithm of Artistic Style", 2015 (arXiv:1508.06576).

It names neither size nor steps, nor how the noise is distributed; those here are ours.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each

STYLE_LAYERS = each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", weight=1 / 5)

PRESET = Preset(
    name="gatys2015",
    source="Gatys, Ecker & Bethge 2015, arXiv:1508.06576, eq. 1 and 3-7",
    losses=(
        # Only the ratio α/β is published: 1e-3, for some figures 1e-4.
        WeightedLoss(content.LOSS, weight=1e-3, normalisation=content.gatys2015, layers=each("conv4_2")),
        WeightedLoss(style.LOSS, weight=1.0, normalisation=style.gatys2015, layers=STYLE_LAYERS),
    ),
    pooling="average",
    start="noise",
    noise="white",
    steps=500,
)
