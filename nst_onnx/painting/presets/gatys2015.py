"""The paper: Gatys, Ecker & Bethge, "A Neural Algorithm of Artistic Style", 2015 (arXiv:1508.06576).

It names neither size nor steps, nor how the noise is distributed; those here are ours.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, each

PRESET = Preset(
    name="gatys2015",
    source="Gatys, Ecker & Bethge 2015, arXiv:1508.06576, eq. 1 and 3-7",
    content_layers=each("conv4_2"),
    style_layers=each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", weight=1 / 5),
    content=content.gatys2015,
    style=style.gatys2015,
    content_weight=1e-3,  # only the ratio α/β is published: 1e-3, for some figures 1e-4
    style_weight=1.0,
    pooling="average",
    start="noise",
    noise="white",
    steps=500,
)
