"""The losses on the picture's own pixels, a few rows at a time: total variation, and the frame before."""

from __future__ import annotations

import numpy as np

from nst_onnx.graph import Graph, gradient
from nst_onnx.objective.graphs import PICTURE
from nst_onnx.objective.losses import temporal, total_variation
from nst_onnx.runtime import Device, Session, open_session
from nst_onnx.support.arrays import Array


class Variation:
    """A form of the total variation.

    A block of rows and the row below hold all differences that begin in the block, and besides those
    along the row below, which are the next block's: they are taken off again.
    """

    def __init__(self, form: str) -> None:
        g = Graph()
        g.input(PICTURE, [1, 3, None, None])
        levels = g.op("Mul", PICTURE, g.constant(255.0))
        self._session = _differentiated(g, total_variation.FORMS[form](g, levels))

    def add(self, picture: Array, gradient: Array, factor: float, rows: slice) -> float:
        """Return what rows of a picture 3×H×W add up to; add `factor` times the slope to `gradient`."""
        below = min(rows.stop + 1, picture.shape[1])
        value, slope = _run(self._session, picture[:, rows.start : below])
        gradient[:, rows.start : below] += np.float32(factor) * slope
        if below > rows.stop:
            extra, slope = _run(self._session, picture[:, rows.stop : below])
            gradient[:, rows.stop : below] -= np.float32(factor) * slope
            value -= extra
        return value


class Before:
    """The temporal loss: `warped` 3×H×W is the frame before, `trust` H×W how far it holds."""

    def __init__(self, warped: Array, trust: Array) -> None:
        self._warped, self._trust = warped, trust
        g = Graph()
        g.input(PICTURE, [1, 3, None, None])
        self._session = _differentiated(g, temporal.distance(g, PICTURE))

    def add(self, picture: Array, gradient: Array, factor: float, rows: slice) -> float:
        """Return what rows of a picture 3×H×W add up to; add `factor` times the slope to `gradient`."""
        held = {
            temporal.TARGET: np.ascontiguousarray(self._warped[None, :, rows]),
            temporal.TRUST: np.ascontiguousarray(self._trust[None, None, rows]),
        }
        value, slope = _run(self._session, picture[:, rows], held)
        gradient[:, rows] += np.float32(factor) * slope
        return value


def _differentiated(g: Graph, value: str) -> Session:
    slope = gradient(g, value, PICTURE)
    g.output("value", value)
    g.output("slope", slope)
    return open_session(g.model(), Device("cpu"))


def _run(session: Session, rows: Array, more: dict[str, Array] | None = None) -> tuple[float, Array]:
    feeds = {PICTURE: np.ascontiguousarray(rows[None]), **(more or {})}
    found = session.run(feeds, ["value", "slope"])
    return float(found["value"]), found["slope"][0]
