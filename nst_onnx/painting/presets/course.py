"""The course exercise this project grew from ("Art Generation with Neural Style Transfer").

The first edition, for TensorFlow 1, whose padding "SAME" rounds pooled sizes up.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each

STYLE_LAYERS = each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", weight=0.2)

PRESET = Preset(
    name="course",
    source="deeplearning.ai, Convolutional Neural Networks: Art Generation with Neural Style Transfer",
    losses=(
        WeightedLoss(content.LOSS, weight=10.0, normalisation=content.quarter_mean, layers=each("conv4_2")),
        WeightedLoss(style.LOSS, weight=40.0, normalisation=style.gatys2015, layers=STYLE_LAYERS),
    ),
    pooling="average",
    same=True,
    start="noise",
    noise="mixed",
    optimiser="adam",
    learning_rate=2.0,
    size=(400, 300),
    steps=200,
)
