"""How one frame moves into the next: optical flow, where it can be trusted, and whether there is a cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.jobs.video.libraries import cv2
from nst_onnx.support.arrays import Array

FOLLOWED = 0.25  # of the pixels: with fewer there is nothing to go on from, most likely a cut
LEAST = 12  # pixels of the longest side, with which OpenCV finds motion
CHANGED = 0.2  # of the full range: a pixel that differs more from where it is said to come from does not


@dataclass(frozen=True, eq=False)
class Motion:
    """From a frame back to the one before.

    `steps`: float32 H×W×2, for each pixel how far (x, y) it was away in the frame before. `trust`: float32
    H×W, 1 where that can be relied on, else 0.
    """

    steps: Array
    trust: Array

    @property
    def cut(self) -> bool:
        """Whether the frame hardly follows from the one before."""
        return bool(self.trust.mean() < FOLLOWED)

    def carry(self, picture: Array) -> Array:
        """Return a picture H×W×3 or H×W of the frame before, moved along, within 0..1."""
        return np.clip(look_up(picture, self.steps), 0, 1)


def between(earlier: Array, later: Array) -> Motion:
    """Return the motion from frame `later` back to frame `earlier`, both float32 H×W×3 in 0..1.

    Where both directions of the flow agree on what is wrong, only looks tell: a pixel must look as it did.
    The flow is found by dense inverse search (Kroeger, Timofte, Dai & Van Gool 2016, arXiv:1603.03590).
    """
    before, after = _grey(earlier), _grey(later)
    steps, back = _flow(after, before), _flow(before, after)
    changed = np.abs(look_up(earlier, steps) - later).max(axis=-1) > CHANGED
    trust = ~(disoccluded(steps, back) | boundary(steps) | beyond(steps) | changed)
    return Motion(steps, trust.astype(np.float32))


def disoccluded(steps: Array, back: Array) -> npt.NDArray[np.bool_]:
    """Where a pixel has come into sight: going there and back again does not lead home.

    With ŵ the flow to the frame before and w̃ the flow from there, looked up where ŵ leads,
    |w̃ + ŵ|² > 0.01 (|w̃|² + |ŵ|²) + 0.5 (Ruder, Dosovitskiy & Brox 2016, section 4.2).
    """
    home = look_up(back, steps)
    return np.asarray(_square(home + steps) > 0.01 * (_square(home) + _square(steps)) + 0.5)


def boundary(steps: Array) -> npt.NDArray[np.bool_]:
    """Where things that move differently meet: |∇û|² + |∇v̂|² > 0.01 |ŵ|² + 0.002 (ibid.)."""
    slopes = [np.gradient(steps[..., axis]) for axis in (0, 1)]
    steepness = sum(np.square(slope) for pair in slopes for slope in pair)
    return np.asarray(steepness > 0.01 * _square(steps) + 0.002)


def beyond(steps: Array) -> npt.NDArray[np.bool_]:
    """Where a pixel comes from outside of the frame."""
    x, y = np.moveaxis(_places(steps), -1, 0)
    height, width = steps.shape[:2]
    return np.asarray((x < 0) | (y < 0) | (x > width - 1) | (y > height - 1))


def look_up(array: Array, steps: Array) -> Array:
    """Return the values of an array H×W×C or H×W where `steps` lead from each pixel, by cubic interpolation.

    What lies outside continues the edge.
    """
    cv = cv2()
    x, y = np.moveaxis(_places(steps), -1, 0)
    return np.asarray(cv.remap(array, x, y, cv.INTER_CUBIC, borderMode=cv.BORDER_REPLICATE), np.float32)


def _places(steps: Array) -> Array:
    height, width = steps.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y], axis=-1).astype(np.float32) + steps


def _square(vectors: Array) -> Array:
    return np.asarray(np.square(vectors).sum(axis=-1))


def _grey(frame: Array) -> npt.NDArray[np.uint8]:
    levels = np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)
    grey: npt.NDArray[np.uint8] = cv2().cvtColor(levels, cv2().COLOR_RGB2GRAY)
    return grey


def _flow(of: npt.NDArray[np.uint8], to: npt.NDArray[np.uint8]) -> Array:
    cv = cv2()
    search = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(of, to, None), np.float32)
