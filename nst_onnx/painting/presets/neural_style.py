"""neural-style-pt with its default options (jcjohnson's neural-style in PyTorch).

It counts pixels in 0..256, we in 0..255 as all others do. Its L-BFGS is torch's, without line search.
"""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset, each

PRESET = Preset(
    name="neural-style",
    source="github.com/ProGamerGov/neural-style-pt, after github.com/jcjohnson/neural-style",
    content_layers=each("conv4_2"),
    style_layers=each("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
    content=content.mean,
    style=style.neural_style,
    tv="absolute",
    content_weight=5.0,
    style_weight=100.0,
    tv_weight=1e-3,
    pooling="max",
    start="noise",
    noise="faint",
    history=100,
    line_search=False,
    size=512,
    steps=1000,
)
