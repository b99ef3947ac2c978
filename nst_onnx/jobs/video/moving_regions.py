"""What each frame of a film is painted like: its styles, or regions that move with the picture.

The masks of a scene's first frame follow the optical flow: each pixel of a frame has the place in the first
frame that its motion leads back to, and the masks are read there. So a mask is interpolated once, however
many frames it has followed. Where every frame has a mask of its own, regions are those of the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.optical_flow import BackwardFlow, sample
from nst_onnx.jobs.video.painted_frame import Frame, as_picture
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.regions.given import EMPTY
from nst_onnx.painting.regions.kept import put_back
from nst_onnx.painting.regions.resolve import NothingToPaintError, Regions, are_given
from nst_onnx.picture import Picture
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

PaintedLike = Sequence[Picture] | Regions
"""The styles of a frame, or its regions with theirs."""


class MovingRegions:
    """The regions of a film's frames, in order."""

    def __init__(self, network: Network, styles: Sequence[Picture], masks: FrameMasks) -> None:
        self._network, self._styles, self._masks = network, styles, masks
        self._first: PaintedLike = styles
        self._vectors: Array | None = None  # from each pixel to its place in the scene's first frame

    def begin(self, frame: Frame) -> PaintedLike:
        """Return what the first frame of a scene is painted like. Raises OptionError, PictureError."""
        self._first, self._vectors = self._resolved(frame), None
        return self._first

    def follow(self, frame: Frame, flow: BackwardFlow) -> PaintedLike:
        """Return what the next frame is painted like. Raises OptionError, PictureError."""
        if not isinstance(self._first, Regions):
            return self._first
        if self._masks.every:
            return self._resolved(frame)
        before = flow.vectors
        self._vectors = before if self._vectors is None else before + sample(self._vectors, before)
        return _moved(self._first, self._vectors)

    def _resolved(self, frame: Frame) -> PaintedLike:
        options, shape = self._masks.at(frame.number), (frame.picture.shape[0], frame.picture.shape[1])
        if not self._styles and are_given(self._masks.options) and not options.regions:
            return Regions((), np.ones(shape, np.float32))  # no region is seen in this frame
        memory, content = Memory.of(options.max_memory), as_picture(frame.picture)
        try:
            inputs = Inputs.of(content, self._styles, options, memory, shape, self._network)
        except NothingToPaintError:
            if not frame.number or not self._masks.every:
                raise
            return Regions((), np.ones(shape, np.float32))
        return inputs.styles if inputs.regions is None else inputs.regions


def is_photo(like: PaintedLike) -> bool:
    """Return whether nothing of a frame is painted."""
    return isinstance(like, Regions) and not like.regions


def with_the_kept(painted: Array, frame: Array, like: PaintedLike) -> Array:
    """Return a painted frame in which what regions keep is the frame's own."""
    if not isinstance(like, Regions) or like.kept is None:
        return painted
    return put_back(painted, frame, like.kept)


def _moved(regions: Regions, vectors: Array) -> Regions:
    """Return regions whose masks are read at each pixel's position + `vectors`."""

    def moved(mask: Array) -> Array:
        return np.clip(sample(np.ascontiguousarray(mask), vectors), 0, 1)

    found = tuple(replace(region, mask=moved(region.mask)) for region in regions.regions)
    seen = tuple(region for region in found if region.mask.sum(dtype=np.float64) >= EMPTY)
    return Regions(seen, None if regions.kept is None else moved(regions.kept))
