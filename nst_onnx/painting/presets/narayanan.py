"""Harish Narayanan's "Convolutional neural networks for artistic style transfer" (2017), on VGG-16.

His notebook subtracts the mean colour in the reverse order of channels; here each channel gets its own.
It calls scipy's L-BFGS-B 10 times with 20 evaluations; here it is one run of 200. See docs/presets.md.
"""

from nst_onnx.objective.losses import content, style, total_variation
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each

STYLE_LAYERS = each("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3", weight=1 / 5)

PRESET = Preset(
    name="narayanan",
    source="Narayanan 2017, harishnarayanan.org/writing/artistic-style-transfer",
    model="vgg16",
    losses=(
        WeightedLoss(content.LOSS, weight=0.025, normalisation=content.total, layers=each("conv2_2")),
        WeightedLoss(style.LOSS, weight=5.0, normalisation=style.narayanan, layers=STYLE_LAYERS),
        WeightedLoss(total_variation.NARAYANAN, weight=1.0),
    ),
    pooling="max",
    start="noise",
    noise="shifted",
    history=10,
    size=(512, 512),
    steps=200,
)
