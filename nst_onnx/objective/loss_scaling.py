"""Loss scaling: gradients on their way through half precision are made as large as it holds well.

The loss is multiplied before it is differentiated, and the gradient divided at the end (Micikevicius et al.
2018, "Mixed Precision Training", section 3.2). By how much follows the gradient itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nst_onnx.errors import DeviceError
from nst_onnx.graph import Graph

SCALE = "scale"
LOUDNESS = "loudness"

_AIM = 14.0
"""The binary logarithm of what the mean |gradient| of a picture in 0..1 should be. With VGG-19 gradients
between the layers are then 1/4 to 8 in the mean, 2⁸ at most, and a hundredth of them below 2⁻⁸; float16 is
exact to 11 bits from 2⁻¹⁴ to 2¹⁶."""
_NEAR = 6  # factors of two from there at which nothing is done
_STEP = 12  # factors of two to go where the gradient says nothing: it was too large, or vanished
_WIDEST = 120  # factors of two: float32 ends at 127
_HOPE = 1 / 8  # factors of two that a network where less overflows is trusted again with each evaluation


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
        self._aim = _AIM
        self._begun = False

    def fit(self, evaluate: Callable[[float], tuple[float, float]]) -> None:
        """Evaluate, and again with other scales, until the gradient is as large as it should be.

        `evaluate`: from a scale to the loss (not scaled) and the mean size of the scaled gradient. A loss
        that is no number stays so with any scale, and is for the optimiser to go back from.
        Raises DeviceError where no scale will do, or where there has been no other loss yet.
        """
        exponent, quiet, loud = self._exponent, -_WIDEST - 1, _WIDEST + 1
        while True:
            loss, loudness = evaluate(2.0**exponent)
            if not math.isfinite(loss) and self._begun:
                return
            if not math.isfinite(loss) or (exponent <= -_WIDEST and not math.isfinite(loudness)):
                raise DeviceError(
                    "numbers come up that are too large for half precision",
                    'choose another precision, such as "cuda:0:tf32"',
                )
            if math.isfinite(loudness):
                wanted = min(exponent + self._away(loudness), loud - 1)
                if wanted <= exponent + _NEAR:  # what is too loud was not too loud to be right
                    break
                quiet = exponent
            else:
                wanted, loud = exponent - _STEP, exponent
            exponent = wanted if quiet < wanted < loud else (quiet + loud) // 2
        self._begun, self._exponent = True, exponent if wanted >= exponent - _NEAR else wanted
        self._aim = min(self._aim + _HOPE, _AIM)
        if loudness > 0 and self._away(loudness) > _NEAR:  # more would have overflowed
            self._aim = math.log2(loudness)

    def _away(self, loudness: float) -> int:
        """Return how many factors of two a gradient is from what it should be."""
        if loudness == 0:  # all of it vanished on its way; or there is no slope here
            return _STEP
        return round(self._aim - math.log2(loudness))
