"""Colour preservation: luminance transfer after stylising, or colour matching of the style before."""

from __future__ import annotations

from nst_onnx.picture.colour.luminance import transfer_luminance
from nst_onnx.picture.colour.statistics import match_covariance, match_histogram

__all__ = ["match_covariance", "match_histogram", "transfer_luminance"]
