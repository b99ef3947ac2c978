"""Dynamic loss scaling for float16 back-propagation.

The loss is multiplied by a power of two before it is differentiated, and the gradient divided by it
(Micikevicius et al. 2018, "Mixed Precision Training", section 3.2). The mean |gradient| sets the power.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nst_onnx.errors import DeviceError
from nst_onnx.graph import Graph

LOSS_SCALE = "loss_scale"
GRADIENT_MEAN = "gradient_mean"
"""Name of the output that is the mean of |gradient|, scaled."""

_TARGET = 14.0
"""Target exponent: the binary logarithm of the mean |gradient|, scaled, of a picture in 0..1. With VGG-19
gradients between the layers are then 1/4 to 8 in the mean, 2⁸ at most, and a hundredth of them below 2⁻⁸;
float16 is exact to 11 bits from 2⁻¹⁴ to 2¹⁶."""
_TOLERANCE = 6  # factors of two around the target at which the scale is kept
_STEP = 12  # factors of two to change the scale by after an overflow, or where the gradient vanished
_LIMIT = 120  # factors of two: float32 ends at 127
_RECOVERY = 1 / 8  # after an overflow: raises the target exponent by this much per successful evaluation


def scaled(g: Graph, total: str) -> str:
    """Return the loss times an input, the loss scale."""
    return g.op("Mul", total, g.input(LOSS_SCALE, []))


def unscaled(g: Graph, derivative: str) -> str:
    """Return the gradient divided by the loss scale; the mean |gradient| before that becomes an output."""
    g.output(GRADIENT_MEAN, g.op("ReduceMean", g.op("Abs", derivative), keepdims=0))
    return g.op("Div", derivative, LOSS_SCALE)


class LossScale:
    """The loss scale, a power of two: it rounds nothing."""

    def __init__(self) -> None:
        self._exponent = 0
        self._target = _TARGET
        self._succeeded = False

    def fit(self, evaluate: Callable[[float], tuple[float, float]]) -> None:
        """Evaluate, again with other scales until the gradient neither overflows nor vanishes.

        `evaluate`: from a scale to the loss (not scaled) and the mean |gradient|, scaled. A loss that is not
        finite after a finite one is the optimiser's step, and left to its line search.
        Raises DeviceError where every scale overflows, or where the first loss is not finite.
        """
        exponent, vanishes, overflows = self._exponent, -_LIMIT - 1, _LIMIT + 1
        while True:
            loss, mean = evaluate(2.0**exponent)
            if not math.isfinite(loss) and self._succeeded:
                return
            if not math.isfinite(loss) or (exponent <= -_LIMIT and not math.isfinite(mean)):
                raise DeviceError(
                    "float16 overflows at every loss scale",
                    'choose another precision, such as "cuda:0:tf32"',
                )
            if math.isfinite(mean):
                wanted = min(exponent + self._below_target(mean), overflows - 1)
                if wanted <= exponent + _TOLERANCE:  # above target but finite: accept
                    break
                vanishes = exponent
            else:
                wanted, overflows = exponent - _STEP, exponent
            exponent = wanted if vanishes < wanted < overflows else (vanishes + overflows) // 2
        self._succeeded, self._exponent = True, exponent if wanted >= exponent - _TOLERANCE else wanted
        self._target = min(self._target + _RECOVERY, _TARGET)
        if mean > 0 and self._below_target(mean) > _TOLERANCE:  # a larger scale would overflow
            self._target = math.log2(mean)

    def _below_target(self, mean: float) -> int:
        """Return how many factors of two a mean |gradient| is below the target."""
        if mean == 0:  # it vanished in float16, or the loss is stationary
            return _STEP
        return round(self._target - math.log2(mean))
