"""neural-style-pt with its default options (jcjohnson's neural-style in PyTorch).

It counts pixels in 0..256, we in 0..255 as all others do. Its L-BFGS is torch's, without line search.
"""

from nst_onnx.objective.losses import content, style, total_variation
from nst_onnx.painting.presets.preset import Preset, WeightedLoss, each

STYLE_LAYERS = each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

PRESET = Preset(
    name="neural-style",
    source="github.com/ProGamerGov/neural-style-pt, after github.com/jcjohnson/neural-style",
    losses=(
        WeightedLoss(content.LOSS, weight=5.0, normalisation=content.mean, layers=each("conv4_2")),
        WeightedLoss(style.LOSS, weight=100.0, normalisation=style.neural_style, layers=STYLE_LAYERS),
        WeightedLoss(total_variation.ABSOLUTE, weight=1e-3),
    ),
    pooling="max",
    start="noise",
    noise="faint",
    history=100,
    line_search=False,
    size=512,
    steps=1000,
)
