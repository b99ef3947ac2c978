"""Losses on the picture's own pixels, evaluated on a few rows at a time by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nst_onnx.graph import Graph, gradient
from nst_onnx.objective.losses.loss import PictureLoss
from nst_onnx.objective.terms import PICTURE
from nst_onnx.runtime import Device, open_session
from nst_onnx.support.arrays import Array


class PixelLoss:
    """A loss on the picture, block of rows by block of rows.

    A block and the `rows_below` beneath it hold all differences that begin in the block, and besides those
    among the rows below, which belong to the next block and are subtracted.
    """

    def __init__(self, loss: PictureLoss) -> None:
        self._rows_below, self._inputs = loss.rows_below, loss.inputs
        g = Graph()
        g.input(PICTURE, [1, 3, None, None])
        value = loss.distance(g, PICTURE)
        derivative = gradient(g, value, PICTURE)
        g.output("value", value)
        g.output("derivative", derivative)
        self._session = open_session(g.model(), Device("cpu"))

    def add(
        self,
        picture: Array,
        gradient: Array,
        factor: float,
        rows: slice,
        inputs: Mapping[str, Array] | None = None,
    ) -> float:
        """Return the loss of some rows of a picture 3×H×W, and add `factor` × its gradient to `gradient`.

        `inputs`: {name: c×H×W}, those of the loss. The returned loss is without the factor.
        """
        end = min(rows.stop + self._rows_below, picture.shape[1])
        value, derivative = self._evaluate(picture, slice(rows.start, end), inputs or {})
        gradient[:, rows.start : end] += np.float32(factor) * derivative
        if end > rows.stop:
            extra, derivative = self._evaluate(picture, slice(rows.stop, end), inputs or {})
            gradient[:, rows.stop : end] -= np.float32(factor) * derivative
            value -= extra
        return value

    def _evaluate(self, picture: Array, rows: slice, inputs: Mapping[str, Array]) -> tuple[float, Array]:
        feeds = {PICTURE: np.ascontiguousarray(picture[None, :, rows])}
        feeds |= {name: np.ascontiguousarray(inputs[name][None, :, rows]) for name in self._inputs}
        found = self._session.run(feeds, ["value", "derivative"])
        return float(found["value"]), found["derivative"][0]
