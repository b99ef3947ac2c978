"""The options that a texture has not, because there is no photo."""

from __future__ import annotations

from nst_onnx.painting.options import Options
from nst_onnx.painting.region_options import REGIONS

OF_A_PHOTO = (
    *("strength", "content_weight", "content_layers", "preserve_colour", "colour_transfer", "quality"),
    *(name for name, option in Options.table().items() if option.group == REGIONS),
)
