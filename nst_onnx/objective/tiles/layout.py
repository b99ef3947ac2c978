"""Layout of a picture's tiles: windows of one size with a halo, aligned with the network's pooling.

A tile's window is the network's input; its core is the part for which its features are used. Positions of a
feature map belong to the core that contains their first pixel. The halo is so wide that the receptive field
of every position of the core lies in the window, or outside the picture. So each tile's features in its core
are those of the whole picture, and every position is in exactly one core.

All windows are of one length, congruent to the picture's modulo the stride: then every pooling rounds in a
window as it does in the picture, at either end, and one compiled graph serves all. Where the margin is so
wide that no core sees its end, it is extended to widths that runtimes are fast at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nst_onnx.errors import OptionError
from nst_onnx.graph.receptive_field import AxisField
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tile_graphs import tile_fields

_FAST = 16
"""Pixels: OpenVINO takes up to 2.3 times as long where a width is no multiple, in bfloat16 (with AMX)."""


@dataclass(frozen=True)
class Halo:
    """Halo of a core along one axis, in pixels `before` and `after`; cores begin at multiples of `stride`.

    `step`: pixels by which windows can differ in length, a multiple of the stride; 0: the stride.
    """

    stride: int
    before: int
    after: int
    step: int = 0

    @classmethod
    def of(cls, fields: Iterable[AxisField], after: int = 1) -> Halo:
        """Return the halo for layers with these receptive fields, and at least so many pixels `after`."""
        found = list(fields)
        return cls(
            math.lcm(*(field.stride for field in found)),
            max(0, *(-field.first for field in found)),
            max(after, *(field.last - field.stride + 1 for field in found)),
        )


def halos(extractor: Extractor, terms: Terms) -> tuple[Halo, Halo]:
    """Return the halos along rows and columns. Raises GraphError where a receptive field is not bounded."""
    fields = tile_fields(extractor, terms).values()
    below = max((1, *(term.loss.rows_below for term in terms.pictures)))
    return Halo.of((rows for rows, _ in fields), below), Halo.of(columns for _, columns in fields)


@dataclass(frozen=True)
class Span:
    """One tile along one axis: the window from `start` to `stop`, the core from `first` to `end`."""

    start: int
    stop: int
    first: int
    end: int


def spans(length: int, longest: int, halo: Halo) -> list[Span]:
    """Cut `length` pixels into windows of one length, at most `longest`.

    Raises OptionError where so short a window cannot hold a core.
    """
    return _spans(length, _count(length, longest, halo), halo)


def _count(length: int, longest: int, halo: Halo) -> int:
    """Return how many windows are required."""
    if length <= longest:
        return 1
    window = longest - (longest - length) % (halo.step or halo.stride)
    advance = _advance(window, halo)
    if advance < 1:
        raise OptionError(
            f"tiles of {longest} pixels are too small for these layers, whose receptive field "
            f"extends {halo.before} pixels to each side",
            "allow more memory, or choose shallower layers",
        )
    return 1 + math.ceil((length - window) / advance)


def _advance(window: int, halo: Halo) -> int:
    """Return the largest distance of neighbouring windows whose cores meet at a multiple of the stride."""
    return (window - halo.after) // halo.stride * halo.stride - _up(halo.before, halo.stride)


def _window(length: int, count: int, halo: Halo) -> int:
    """Return the shortest length with which `count` windows cover `length` pixels, at most that."""
    if count == 1:
        return length
    step = halo.step or halo.stride
    window = length // count // step * step + length % step
    while (count - 1) * _advance(window, halo) < length - window:
        window += step
    return min(window, length)


def _spans(length: int, count: int, halo: Halo) -> list[Span]:
    """Cut into `count` of the shortest windows that are long enough."""
    stride, before = halo.stride, _up(halo.before, halo.stride)
    window = _window(length, count, halo)
    if window == length:
        return [Span(0, length, 0, length)]
    steps = (length - window) // stride
    starts = [round(i * steps / (count - 1)) * stride for i in range(count)]
    firsts = [0]
    for start, earlier in zip(starts[1:], starts, strict=False):
        room = earlier + window - halo.after - (start + before)
        firsts.append(start + before + room // 2 // stride * stride)
    ends = [*firsts[1:], length]
    return [Span(a, a + window, b, c) for a, b, c in zip(starts, firsts, ends, strict=True)]


@dataclass(frozen=True)
class Layout:
    """The tiles of a picture of `shape` (H, W), enlarged by `margin` pixels on every side.

    `bands`: the rows of tiles; `columns`: their columns; both in pixels that include the margin.
    `extension`: pixels by which the margin is wider at the right; no core sees them.
    """

    shape: tuple[int, int]
    margin: int
    bands: tuple[Span, ...]
    columns: tuple[Span, ...]
    extension: int = 0

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of every window."""
        rows, columns = self.bands[0], self.columns[0]
        return rows.stop - rows.start, columns.stop - columns.start

    @property
    def congruent(self) -> tuple[int, int]:
        """The window without the extension: poolings round in it as they do in the picture."""
        height, width = self.window
        return height, width - self.extension

    @property
    def excess(self) -> float:
        """Pixels of all windows, relative to those of the whole picture with its margin."""
        height, width = (side + 2 * self.margin for side in self.shape)
        return len(self.bands) * len(self.columns) * math.prod(self.window) / (height * width)

    def rows(self, band: int) -> slice:
        """Return the picture's rows that a band's windows cover; the margin repeats the outermost."""
        span, height = self.bands[band], self.shape[0]
        top = min(max(span.start - self.margin, 0), height - 1)
        bottom = min(max(span.stop - self.margin, top + 1), height)
        return slice(top, bottom)

    def own_rows(self, band: int) -> slice:
        """Return the picture's rows in a band's cores. Together the bands' are all rows, in order."""
        edges = [min(max(span.first - self.margin, 0), self.shape[0]) for span in self.bands]
        edges[0] = 0
        return slice(edges[band], [*edges[1:], self.shape[0]][band])


def layout(
    shape: tuple[int, int], margin: int, pixels: int, halos: tuple[Halo, Halo], wanted: int | None = None
) -> Layout:
    """Return the tiles, of at most `pixels` each, with the fewest pixels in all.

    `wanted`: the number of bands, None for any.

    Raises OptionError where no tile is small enough, or there cannot be so many bands.
    """
    height, width = (side + 2 * margin for side in shape)
    extension = 0
    if _ends_unseen(margin, halos[1]):
        step = math.lcm(_FAST, halos[1].stride)
        extension, halos = -width % step, (halos[0], replace(halos[1], step=step))
    width += extension
    fewest, best = math.inf, (0, 0)
    possible = range(1, height // halos[0].stride + 2)
    for bands in possible if wanted is None else {wanted}.intersection(possible):
        tall = _window(height, bands, halos[0])
        if bands > 1 and tall == height:
            break
        try:
            columns = _count(width, pixels // tall, halos[1])
        except OptionError:
            continue
        total = bands * tall * columns * _window(width, columns, halos[1])
        if total < fewest:
            fewest, best = total, (bands, columns)
    if not all(best):
        raise OptionError(
            "there is not enough memory for a single tile of this network with these layers",
            "allow more memory (--max-memory), or choose shallower layers or a smaller network",
        )
    rows, across = (
        tuple(_spans(side, n, halo)) for side, n, halo in zip((height, width), best, halos, strict=True)
    )
    return Layout(shape, margin, rows, across, extension)


def _ends_unseen(margin: int, halo: Halo) -> bool:
    """Whether no core sees the last pixel of the margin, however poolings round."""
    return margin % halo.stride == 0 and margin >= halo.after + halo.stride - 1


def _up(length: int, stride: int) -> int:
    return -(-length // stride) * stride
