"""The course exercise this project grew from ("Art Generation with Neural Style Transfer").

The first edition, for TensorFlow 1, whose padding "SAME" rounds pooled sizes up.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, each

PRESET = Preset(
    name="course",
    source="deeplearning.ai, Convolutional Neural Networks: Art Generation with Neural Style Transfer",
    content_layers=each("conv4_2"),
    style_layers=each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", weight=0.2),
    content=content.quarter_mean,
    style=style.gatys2015,
    content_weight=10.0,
    style_weight=40.0,
    pooling="average",
    same=True,
    start="noise",
    noise="mixed",
    optimiser="adam",
    learning_rate=2.0,
    size=(400, 300),
    steps=200,
)
