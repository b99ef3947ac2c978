"""Our own recipe: scale-free losses, coarse to fine from the content. One strength, any size, any network."""

from nst_onnx.objective.losses import content, style
from nst_onnx.painting.presets.preset import Preset

PRESET = Preset(
    name="default",
    source="nst-onnx",
    model=None,
    content=content.relative,
    style=style.relative,
    tv="squared",
    content_weight=0.001,
    style_weight=1.0,
    tv_weight=0.0,
    pooling="average",
    margin=16,
    start="content",
    optimiser="preconditioned",
    size=512,
    pyramid=True,
    steps=200,
    min_change=1.5,
)
