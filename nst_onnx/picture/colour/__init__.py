"""Colours of one picture for another: luminance transfer, colour matching, and colour transfer."""

from __future__ import annotations

from nst_onnx.picture.colour.luminance import transfer_luminance
from nst_onnx.picture.colour.statistics import match_covariance, match_histogram
from nst_onnx.picture.colour.transfer import Colours, transfer_chroma, transfer_colours

__all__ = [
    "Colours",
    "match_covariance",
    "match_histogram",
    "transfer_chroma",
    "transfer_colours",
    "transfer_luminance",
]
