"""log0's TensorFlow implementation (chioka.in), with its constants and layer weights.

His ALPHA weighs the style and his BETA the content, the reverse of the paper.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each

STYLE_LAYERS = {"conv1_1": 0.5, "conv2_1": 1.0, "conv3_1": 1.5, "conv4_1": 3.0, "conv5_1": 4.0}

PRESET = Preset(
    name="log0",
    source="github.com/log0/neural-style-painting, described at chioka.in",
    losses=(
        WeightedLoss(content.LOSS, weight=5.0, normalisation=content.quarter_mean, layers=each("conv4_2")),
        WeightedLoss(style.LOSS, weight=100.0, normalisation=style.gatys2015, layers=STYLE_LAYERS),
    ),
    pooling="average",
    same=True,
    start="noise",
    noise="mixed",
    optimiser="adam",
    learning_rate=2.0,
    size=(800, 600),
    steps=1000,
)
