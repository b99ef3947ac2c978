"""Loss scaling: gradients on their way through half precision are made as large as it holds well.

The loss is multiplied before it is differentiated, and the gradient divided at the end (Micikevicius et al.
2018, "Mixed Precision Training", section 3.2). By how much follows the gradient itself.
"""

from __future__ import annotations

import math

from nst_onnx.errors import DeviceError
from nst_onnx.graph import Graph

SCALE = "scale"
LOUDNESS = "loudness"

_AIM = 2.0**14
"""Of the mean |gradient| of a picture in 0..1. With VGG-19 those between the layers are then 1/4 to 8 in the
mean, 2⁸ at most, and a hundredth of them below 2⁻⁸; float16 is exact to 11 bits from 2⁻¹⁴ to 2¹⁶."""
_NEAR = 6  # factors of two from there at which nothing is done
_STEP = 12  # factors of two to go where the gradient says nothing: it was too large, or vanished
_WIDEST = 120  # factors of two: float32 ends at 127


def scaled(g: Graph, total: str) -> str:
    """Return the loss times an input, the scale."""
    return g.op("Mul", total, g.input(SCALE, []))


def unscaled(g: Graph, slope: str) -> str:
    """Return the gradient divided by the scale; its mean size before that becomes an output."""
    g.output(LOUDNESS, g.op("ReduceMean", g.op("Abs", slope), keepdims=0))
    return g.op("Div", slope, SCALE)


class LossScale:
    """A power of two, so that it rounds nothing."""

    def __init__(self) -> None:
        self._exponent = 0
        self._most = _WIDEST

    @property
    def value(self) -> float:
        """What the next loss is to be multiplied by."""
        return 2.0**self._exponent

    def fits(self, loudness: float) -> bool:
        """Learn from the scaled gradient's mean size. Return whether it is good; if not, try once more.

        Raises DeviceError where no scale will do.
        """
        if not math.isfinite(loudness):
            self._most = self._exponent - 1
            self._exponent -= _STEP
            if self._exponent < -_WIDEST:
                raise DeviceError(
                    "numbers come up that are too large for half precision",
                    'choose another precision, such as "cuda:0:tf32"',
                )
            return False
        away = _STEP if loudness == 0 else round(math.log2(_AIM / loudness))
        before, wanted = self._exponent, min(self._exponent + away, self._most)
        if abs(away) > _NEAR:
            self._exponent = wanted
        return self._exponent <= before  # what was too loud was not too loud to be right
