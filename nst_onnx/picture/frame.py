"""Detection of a picture's frame: a mat, a black or white border, the margin of a scan, bare canvas.

A side has a border if the lines parallel to it are of one colour, up to a step that runs along
the whole side and lies in the outer seventh of the picture. Two opposite sides of one colour make a frame; a
single side counts only where it is as even as a scanner's background. So a sky, a horizon or the white around
an object is no frame; nor are stripes, where behind each border there is another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nst_onnx.picture.picture import Picture
from nst_onnx.picture.resize import fit, resize

SIDES = ("left", "right", "top", "bottom")

SEARCHED = 1024  # longest side of the picture that is searched
DEEPEST = 0.15  # of the picture's extent: no border is deeper
NEAR = 0.12  # distance in RGB within which colours are alike: canvas and paper are not quite even
ALIKE = 0.12  # distance in RGB of the border's colours at two sides of one frame
STEP = 0.02  # of the longest side: a border's inner edge lies in a band so wide (rotation, ragged paint)
CLEAR = 0.02  # a share of near colours within so much of the least is as clearly inside
BLACK, WHITE = 0.08, 0.96  # of all three colours, at most and at least: a scanner's background
CORNER = 10  # of a side's positions, the first and the last of so many parts belong to the neighbouring sides
SMALLEST = 16  # pixels: below, one cannot tell border and picture
BANDS = 6  # nested borders, such as a mat with a line around the picture; more are stripes


class Edge(NamedTuple):
    """What a border and its inner edge must be like.

    In each line of the border, a share of at least `even` is within `near` of the border's colour; within the
    band of the step, this share falls to `inside`. `deepest`: of the border, relative to the longest side.
    """

    near: float = NEAR
    even: float = 0.95
    inside: float = 0.2
    deepest: float = 1.0


USUAL = Edge()
RAGGED = Edge(even=0.5, inside=0.15, deepest=0.03)
"""Of a shallow border that the paint covers in part."""
PLAIN = Edge(near=0.04, even=0.99, inside=0.05)
"""Of a border as even as a scanner's background."""
FAINT = Edge(even=0.9, inside=0.8)
"""Beside a dark picture a black border's inner edge hardly shows."""
FAINT_DEPTH = 1.5, 2
"""Such a border is at most so many times as deep as those of the frame's other sides, and so many pixels."""


@dataclass(frozen=True)
class Border:
    """Depth of the border at each side, in pixels."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        """Whether there is a border at any side."""
        return any(self.depths.values())

    def __str__(self) -> str:
        """The sides that have a border, as in "12 pixels at the left, 9 at the right"."""
        first, *others = [(side, depth) for side, depth in self.depths.items() if depth]
        unit = "pixel" if first[1] == 1 else "pixels"
        return ", ".join(
            [f"{first[1]} {unit} at the {first[0]}", *(f"{n} at the {side}" for side, n in others)]
        )

    @property
    def depths(self) -> dict[str, int]:
        """{side: depth}."""
        return {side: getattr(self, side) for side in SIDES}


def border(picture: Picture) -> Border:
    """Return the border of a picture; none of a picture with transparency, whose alpha says what counts.

    Searched at 1024 pixels at most; the depths of a larger picture are rounded up.
    """
    if picture.alpha is not None or min(picture.shape) < SMALLEST:
        return Border()
    rgb, scale = picture.rgb, max(picture.shape) / SEARCHED
    if scale > 1:
        rgb = resize(rgb, fit(picture.shape, SEARCHED))
    found = Border()
    for _ in range(BANDS):
        inside = _inside(rgb, found)
        band = _band(inside) if min(inside.shape[:2]) >= SMALLEST else None
        if not band:
            break
        found = Border(**{side: depth + band.depths[side] for side, depth in found.depths.items()})
    else:
        return Border()  # border within border to the end: the picture itself has stripes
    if scale > 1:  # a line where border and picture mix is the border's
        return Border(**{side: math.ceil((n + 1) * scale) if n else 0 for side, n in found.depths.items()})
    return found


def crop(picture: Picture, border: Border) -> Picture:
    """Return a picture without its border; its arrays are views of the picture's."""
    alpha = None if picture.alpha is None else _inside(picture.alpha, border)
    return replace(picture, rgb=_inside(picture.rgb, border), alpha=alpha)


def _inside(array: npt.NDArray[np.float32], border: Border) -> npt.NDArray[np.float32]:
    height, width = array.shape[:2]
    return array[border.top : height - border.bottom, border.left : width - border.right]


@dataclass(frozen=True)
class _Side:
    """The outer lines of a picture at one side, outermost first: lines × positions × 3.

    `longest`: the picture's longest side. Without the corners, which belong to the neighbouring sides, too.
    """

    lines: npt.NDArray[np.float32]
    longest: int

    @classmethod
    def of(cls, rgb: npt.NDArray[np.float32], side: str) -> _Side:
        turned = {"left": rgb.transpose(1, 0, 2), "right": rgb[:, ::-1].transpose(1, 0, 2), "top": rgb}
        lines = turned.get(side, rgb[::-1])
        corner = lines.shape[1] // CORNER
        outer = lines[: max(1, int(DEEPEST * len(lines))), corner : lines.shape[1] - corner]
        return cls(outer, max(rgb.shape[:2]))

    @property
    def colour(self) -> npt.NDArray[np.float32]:
        """The median colour of the outermost line."""
        colour: npt.NDArray[np.float32] = np.median(self.lines[0], axis=0)
        return colour

    def depth(self, edge: Edge) -> int:
        """Return the number of lines of the border, 0 for none."""
        share = (np.linalg.norm(self.lines - self.colour, axis=-1) < edge.near).mean(axis=1)
        uneven = np.flatnonzero(share < edge.even)
        if not len(uneven) or uneven[0] == 0:
            return 0
        begin = int(uneven[0])
        step = share[begin : begin + 1 + math.ceil(STEP * self.longest)]
        if step.min() > edge.inside:
            return 0
        depth = begin + int(np.argmax(step <= max(edge.inside / 4, step.min() + CLEAR)))
        return depth if depth <= edge.deepest * self.longest else 0

    def plain_depth(self) -> int:
        """Return the depth of a border as even as a scanner's background, black or white; 0 for none."""
        plain = self.colour.max() < BLACK or self.colour.min() > WHITE
        return self.depth(PLAIN) if plain else 0

    def is_like(self, other: _Side) -> bool:
        """Whether the border's colour may be another side's."""
        return float(np.linalg.norm(self.colour - other.colour)) < ALIKE


def _band(rgb: npt.NDArray[np.float32]) -> Border:
    """Return the outermost border of one colour."""
    sides = {side: _Side.of(rgb, side) for side in SIDES}
    depths = {side: one.depth(USUAL) or one.depth(RAGGED) for side, one in sides.items()}
    frame: dict[str, int] = {}
    for one, opposite in (("left", "right"), ("top", "bottom")):
        if depths[one] and depths[opposite] and sides[one].is_like(sides[opposite]):
            frame |= {one: depths[one], opposite: depths[opposite]}
    if frame:
        framed, deepest = (
            [sides[side] for side in frame],
            FAINT_DEPTH[0] * max(frame.values()) + FAINT_DEPTH[1],
        )
        for side in SIDES:
            if side not in frame and any(sides[side].is_like(other) for other in framed):
                faint = sides[side].depth(FAINT)
                frame[side] = depths[side] or (faint if faint <= deepest else 0)
    return Border(**{side: frame.get(side) or one.plain_depth() for side, one in sides.items()})
