"""Backward optical flow between frames, the mask of its reliable pixels, and scene cut detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.jobs.video.libraries import cv2
from nst_onnx.support.arrays import Array

MIN_RELIABLE = 0.25  # of the pixels: with fewer, the frame most likely follows a cut
MIN_SIDE = 12  # pixels of the longest side that OpenCV's flow requires
MAX_CHANGE = 0.2  # of the full range: a pixel that differs more from its source is unreliable


@dataclass(frozen=True, eq=False)
class BackwardFlow:
    """Optical flow from a frame back to the previous one.

    `vectors`: float32 H×W×2, the offset (x, y) of each pixel's position in the previous frame. `reliable`:
    float32 H×W, 1 where the flow can be relied on, else 0.
    """

    vectors: Array
    reliable: Array

    @property
    def cut(self) -> bool:
        """True if too few pixels are reliable: a cut separates the two frames."""
        return bool(self.reliable.mean() < MIN_RELIABLE)

    def warp(self, picture: Array) -> Array:
        """Return a picture H×W×3 or H×W of the previous frame, warped to this one and clipped to 0..1."""
        return np.clip(sample(picture, self.vectors), 0, 1)


def backward_flow(previous: Array, frame: Array) -> BackwardFlow:
    """Return the flow from `frame` back to `previous`, both float32 H×W×3 in 0..1.

    The flow is found by dense inverse search (Kroeger, Timofte, Dai & Van Gool 2016, arXiv:1603.03590).
    The colour test rejects pixels for which the flows of both directions agree on a wrong match.
    """
    before, after = _grey(previous), _grey(frame)
    vectors, forward = _flow(after, before), _flow(before, after)
    changed = np.abs(sample(previous, vectors) - frame).max(axis=-1) > MAX_CHANGE
    reliable = ~(disoccluded(vectors, forward) | motion_boundary(vectors) | out_of_frame(vectors) | changed)
    return BackwardFlow(vectors, reliable.astype(np.float32))


def disoccluded(vectors: Array, forward: Array) -> npt.NDArray[np.bool_]:
    """Mask of disoccluded pixels, by the forward-backward consistency check.

    With ŵ the backward flow `vectors` and w̃ the `forward` flow, warped by ŵ,
    |w̃ + ŵ|² > 0.01 (|w̃|² + |ŵ|²) + 0.5 (Ruder, Dosovitskiy & Brox 2016, section 4.2).
    """
    warped = sample(forward, vectors)
    return np.asarray(_square(warped + vectors) > 0.01 * (_square(warped) + _square(vectors)) + 0.5)


def motion_boundary(vectors: Array) -> npt.NDArray[np.bool_]:
    """Mask of motion boundaries: |∇û|² + |∇v̂|² > 0.01 |ŵ|² + 0.002 (ibid.)."""
    gradients = [np.gradient(vectors[..., axis]) for axis in (0, 1)]
    square = sum(np.square(gradient) for pair in gradients for gradient in pair)
    return np.asarray(square > 0.01 * _square(vectors) + 0.002)


def out_of_frame(vectors: Array) -> npt.NDArray[np.bool_]:
    """Mask of pixels whose flow leads out of the frame."""
    x, y = np.moveaxis(_positions(vectors), -1, 0)
    height, width = vectors.shape[:2]
    return np.asarray((x < 0) | (y < 0) | (x > width - 1) | (y > height - 1))


def sample(array: Array, vectors: Array) -> Array:
    """Return an array H×W×C or H×W, sampled at each pixel's position + `vectors` by cubic interpolation.

    Positions outside take the nearest edge value.
    """
    cv = cv2()
    x, y = np.moveaxis(_positions(vectors), -1, 0)
    return np.asarray(cv.remap(array, x, y, cv.INTER_CUBIC, borderMode=cv.BORDER_REPLICATE), np.float32)


def _positions(vectors: Array) -> Array:
    height, width = vectors.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y], axis=-1).astype(np.float32) + vectors


def _square(vectors: Array) -> Array:
    return np.asarray(np.square(vectors).sum(axis=-1))


def _grey(frame: Array) -> npt.NDArray[np.uint8]:
    colour = np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)
    grey: npt.NDArray[np.uint8] = cv2().cvtColor(colour, cv2().COLOR_RGB2GRAY)
    return grey


def _flow(of: npt.NDArray[np.uint8], to: npt.NDArray[np.uint8]) -> Array:
    cv = cv2()
    search = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(of, to, None), np.float32)
