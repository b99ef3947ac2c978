"""Pictures in and out: any file, bytes, Pillow image or array becomes float32 sRGB, and back.

`read` and `write` are the interface. Between them a picture is float32, H×W×3, RGB, 0..1 and
sRGB-encoded, upright, with its alpha separate.
"""

from __future__ import annotations

from nst_onnx.picture.colour_management import PictureWarning
from nst_onnx.picture.limits import MAX_PIXELS
from nst_onnx.picture.mask import resize_mask
from nst_onnx.picture.metadata import read_settings
from nst_onnx.picture.picture import Picture, Source
from nst_onnx.picture.read import detached, read
from nst_onnx.picture.resize import fit, resize
from nst_onnx.picture.write import check_writable, write

__all__ = [
    "MAX_PIXELS",
    "Picture",
    "PictureWarning",
    "Source",
    "check_writable",
    "detached",
    "fit",
    "read",
    "read_settings",
    "resize",
    "resize_mask",
    "write",
]
