"""Video style transfer with temporal consistency, frame by frame. Requires the extra "video".

The method is that of Ruder, Dosovitskiy & Brox 2016, "Artistic style transfer for videos".
"""

from __future__ import annotations

from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.jobs.video.run import FrameStep, VideoResult, stylize_video

__all__ = ["FrameStep", "VideoOptions", "VideoResult", "stylize_video"]
