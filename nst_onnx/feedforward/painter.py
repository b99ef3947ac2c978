"""The painter on a device: loads `painter.onnx`, predicts style vectors, and paints pictures of any size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.errors import ModelError, PictureError
from nst_onnx.feedforward import graphs
from nst_onnx.feedforward.noise import noise
from nst_onnx.graph.passes import constant_folding
from nst_onnx.models import onnx_file
from nst_onnx.picture import fit, resize
from nst_onnx.runtime import Device, Session, open_session
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

FRAME = 32
"""Pixels by which a picture's edge is repeated on every side: the network pads with zeros, which it would
paint.
"""
_WHOLE = 1 << 21
"""Pixels up to which a picture is painted as a whole."""
_MEASURED = 960
"""Longest side at which the normalisations of a larger picture are measured."""
_NARROWEST = 256
"""Shorter side at which they are, at least: a panorama's would be mostly frame."""
_TILE = 512
"""Side of a tile, without its halo."""
EXTENSION = np.float32(5)
"""Times the predictor's change with the strength."""
_PREFIX = "painter."


@dataclass(frozen=True)
class Facts:
    """What a painter's file says of itself.

    `layers`: of the network `network` (compact), in whose features the statistics are measured. `multiple`:
    by which the sides of its input are divisible.
    """

    network: str
    layers: tuple[str, ...]
    multiple: int
    licence: str


class Painter:
    """A feed-forward painter. `paint` takes one pass; `backward` differentiates it by its style vector.

    `statistics`: length of what `predict` takes; `size`: of a style vector. `digest`: of the file, which
    learned styles name.
    """

    def __init__(
        self, model: onnx.ModelProto, facts: Facts, device: Device, *, digest: str, threads: int = 0
    ) -> None:
        self._model, self.facts, self.device, self._threads = model, facts, device, threads
        self.digest = digest
        self.statistics = _length(model.graph.input, graphs.STATISTICS)
        self.size = _length(model.graph.output, graphs.STYLE)

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: Device, *, threads: int = 0) -> Painter:
        """Load a painter. Raises ModelError where the file is none."""
        path = Path(path)
        model = onnx_file.parse(path)
        values = {
            p.key.removeprefix(_PREFIX): p.value for p in model.metadata_props if p.key.startswith(_PREFIX)
        }
        try:
            facts = Facts(
                values["network"],
                tuple(values["layers"].split(",")),
                int(values["multiple"]),
                values.get("licence", ""),
            )
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            constant_folding.fold(model.graph)
            constant_folding.cast_to_float32(model.graph)
            return cls(model, facts, device, digest=digest, threads=threads)
        except (KeyError, ValueError, StopIteration) as error:
            raise ModelError(
                f"{path.name} is no painter",
                "install nst-onnx again, or make one with `nst-onnx export painter`",
            ) from error

    def predict(self, statistics: Array, strength: float) -> Array:
        """Return the style vector of a painting from its statistics, for a strength in 0..1.

        The predictor's change with the strength is too small: its difference from strength 0.5 is multiplied
        by `EXTENSION`.
        """
        middle, there = (self._predicted(statistics, at) for at in (0.5, strength))
        vector: Array = middle + EXTENSION * (there - middle)
        return vector

    def _predicted(self, statistics: Array, strength: float) -> Array:
        feeds = {graphs.STATISTICS: statistics, graphs.STRENGTH: np.array([strength], np.float32)}
        return self._predictor.run(feeds, [graphs.STYLE])[graphs.STYLE]

    def paint(self, photo: Array, style: Array, memory: Memory) -> Array:
        """Return a photo H×W×3 (RGB, 0..1), painted; the same size, clipped to 0..1.

        Up to two megapixels as a whole. A larger one is painted in tiles, its normalisations measured at
        960 pixels: tiles then agree, and memory is bounded. Raises PictureError for a photo that is less
        than 8 pixels wide.
        """
        shape = photo.shape[0], photo.shape[1]
        if min(shape) < self.facts.multiple:
            raise PictureError(
                f"a picture of {shape[1]}×{shape[0]} pixels is too small to be painted in one pass"
            )
        if shape[0] * shape[1] <= _WHOLE:
            found: Array = self.forward(photo, style)[0].transpose(1, 2, 0)
            return found.clip(0, 1)
        longest = max(_MEASURED, round(_NARROWEST * max(shape) / min(shape)))
        reduced = resize(photo, fit(shape, min(longest, max(shape))))
        feeds = {**self._framed(reduced), graphs.STYLE: style}
        vectors = {graphs.STYLE: style, **self._normalisations.run(feeds, [graphs.RATES, graphs.OFFSETS])}
        picture = memory.empty((*shape, 3))
        for rows, columns in _tiles(shape, self.facts.multiple):
            picture[rows, columns] = self._tile(photo, rows, columns, vectors)
            disk_arrays.release(picture)
        return picture

    def forward(self, photo: Array, style: Array) -> Array:
        """Return the same picture as 1×3×H×W, not clipped, painted as a whole."""
        feeds = {**self._framed(photo), graphs.STYLE: style}
        found = self._painter.run(feeds, [graphs.PICTURE])[graphs.PICTURE]
        height, width = photo.shape[:2]
        inner: Array = found[:, :, FRAME : FRAME + height, FRAME : FRAME + width]
        return inner

    def backward(self, photo: Array, style: Array, gradient: Array) -> Array:
        """Return a loss's derivative by the style vector, from its derivative by the picture, 1×3×H×W."""
        inputs = self._framed(photo)
        cotangent = np.zeros(inputs[graphs.IMAGE].shape, np.float32)
        height, width = photo.shape[:2]
        cotangent[:, :, FRAME : FRAME + height, FRAME : FRAME + width] = gradient
        feeds = {**inputs, graphs.STYLE: style, graphs.COTANGENT: cotangent}
        return self._gradient.run(feeds, [graphs.GRADIENT])[graphs.GRADIENT]

    def _tile(self, photo: Array, rows: slice, columns: slice, vectors: dict[str, Array]) -> Array:
        """Return a part of the picture: it depends on the pixels within the halo, as in the whole."""
        session, halo = self._tile_painter
        border = halo + -halo % self.facts.multiple
        down, across = (
            self._window(part, side, border)
            for part, side in zip((rows, columns), photo.shape[:2], strict=True)
        )
        # Positions beyond the picture repeat its edge.
        below, beside = np.clip(down, 0, photo.shape[0] - 1), np.clip(across, 0, photo.shape[1] - 1)
        part = photo[below[0] : below[-1] + 1, beside[0] : beside[-1] + 1]
        part = part[below - below[0]][:, beside - beside[0]]
        disk_arrays.release(photo)
        feeds = {graphs.IMAGE: _planes(part), graphs.NOISE: noise(down, across), **vectors}
        found = session.run(feeds, [graphs.PICTURE])[graphs.PICTURE]
        top, left = rows.start - down[0], columns.start - across[0]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        inner = found[0, :, top : top + height, left : left + width]
        clipped: Array = np.clip(inner.transpose(1, 2, 0), 0, 1)
        return clipped

    def _window(self, part: slice, side: int, border: int) -> npt.NDArray[np.intp]:
        """Return the positions that a tile reads along an axis: the framed picture, within `border`."""
        end = side + -side % self.facts.multiple + FRAME
        stop = part.stop if part.stop < side else end
        return np.arange(max(part.start - border, -FRAME), min(stop + border, end))

    def _framed(self, photo: Array) -> dict[str, Array]:
        """Return image and noise, the photo's edge repeated by FRAME, and to sides that are divisible."""
        more = [-side % self.facts.multiple for side in photo.shape[:2]]
        padded = np.pad(photo, [(FRAME, FRAME + more[0]), (FRAME, FRAME + more[1]), (0, 0)], mode="edge")
        down, across = (np.arange(-FRAME, side - FRAME) for side in padded.shape[:2])
        return {graphs.IMAGE: _planes(padded), graphs.NOISE: noise(down, across)}

    @cached_property
    def _predictor(self) -> Session:
        return self._open(graphs.predictor(self._model))

    @cached_property
    def _painter(self) -> Session:
        return self._open(graphs.painter(self._model, self.size))

    @cached_property
    def _gradient(self) -> Session:
        return self._open(graphs.style_gradient(self._model, self.size))

    @cached_property
    def _normalisations(self) -> Session:
        return self._open(graphs.normalisations(self._model, self.size))

    @cached_property
    def _tile_painter(self) -> tuple[Session, int]:
        model, halo = graphs.tile_painter(self._model, self.size)
        return self._open(model), halo

    def _open(self, model: onnx.ModelProto) -> Session:
        return open_session(model, self.device, self._threads)


def _planes(picture: Array) -> Array:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _tiles(shape: tuple[int, int], multiple: int) -> Iterator[tuple[slice, slice]]:
    """Yield (rows, columns) of tiles of about equal size, row by row.

    They begin at a `multiple`, so that the network's strides fall on the same pixels in all of them.
    """
    rows, columns = (_spans(side, multiple) for side in shape)
    for row in rows:
        for column in columns:
            yield row, column


def _spans(side: int, multiple: int) -> list[slice]:
    count = -(-side // _TILE)
    step = -(-side // (count * multiple)) * multiple
    return [slice(begin, min(begin + step, side)) for begin in range(0, side, step)]


def _length(values: Iterable[onnx.ValueInfoProto], name: str) -> int:
    """Return the length of a vector among a graph's inputs or outputs. Raises StopIteration without it."""
    value = next(v for v in values if v.name == name)
    return int(value.type.tensor_type.shape.dim[0].dim_value)
