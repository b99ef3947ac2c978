"""The total variation of a picture, a few rows at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_onnx import scratch
from nst_onnx.graph import Graph, gradient
from nst_onnx.losses import total_variation
from nst_onnx.losses.assemble import PICTURE
from nst_onnx.runtime import AnySession, Device, open_session
from nst_onnx.tiles.layout import Layout

Array = npt.NDArray[np.float32]


class Variation:
    """A form of the total variation, summed over bands.

    A band's rows and the one below hold all its differences, and besides those along the row below, which
    are the next band's: they are taken off again.
    """

    def __init__(self, form: str) -> None:
        self._session = _session(form)

    def add(self, picture: Array, gradient: Array, factor: float, layout: Layout) -> float:
        """Return the sum over a picture 3×H×W, and add `factor` times its gradient to `gradient`."""
        total = 0.0
        for band in range(len(layout.bands)):
            rows = layout.own_rows(band)
            total += self.of_rows(picture, gradient, factor, rows)
            scratch.release(picture, gradient)
        return total

    def of_rows(self, picture: Array, gradient: Array, factor: float, rows: slice) -> float:
        """Return what the differences that begin in these rows add up to, and add to `gradient`."""
        if rows.start == rows.stop:
            return 0.0
        below = min(rows.stop + 1, picture.shape[1])
        value, slope = self._of(picture[:, rows.start : below])
        gradient[:, rows.start : below] += factor * slope
        if below > rows.stop:
            extra, slope = self._of(picture[:, rows.stop : below])
            gradient[:, rows.stop : below] -= factor * slope
            value -= extra
        return value

    def _of(self, rows: Array) -> tuple[float, Array]:
        found = self._session.run({PICTURE: np.ascontiguousarray(rows)[None]}, ["value", "slope"])
        return float(found["value"]), found["slope"][0]


def _session(form: str) -> AnySession:
    """Return a model from pictures 1×3×H×W to the form's sum and its gradient."""
    g = Graph()
    g.input(PICTURE, [1, 3, None, None])
    value = total_variation.FORMS[form](g, g.op("Mul", PICTURE, g.constant(255.0)))
    slope = gradient(g, value, PICTURE)
    g.output("value", value)
    g.output("slope", slope)
    return open_session(g.model(), Device("cpu"))
