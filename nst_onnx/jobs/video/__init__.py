"""Video style transfer with temporal consistency, frame by frame. Requires the extra "video".

The method is that of Ruder, Dosovitskiy & Brox 2016, "Artistic style transfer for videos".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.jobs.video.options import VideoOptions

if TYPE_CHECKING:
    from nst_onnx.jobs.video.run import FrameStep, VideoResult, stylize_video

__all__ = ["FrameStep", "VideoOptions", "VideoResult", "stylize_video"]


def __getattr__(name: str) -> object:
    """Import what paints only when it is used: the command line's help needs `VideoOptions` alone."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nst_onnx.jobs.video import run

    return getattr(run, name)
