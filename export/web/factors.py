"""The factor of a term as data: a normalisation, found out by evaluating it.

A normalisation is a function of a layer's facts. Those of the recipes are products of powers, with a bound
for layers of few positions:

    factor = scale · energyᵃ · pixelsᵇ · positionsᶜ · min(1, positions / enough)

The page evaluates this form; so no formula is written a second time, in another language.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.objective.losses.normalisation import Layer, Normalisation

_MANY = 1e12  # positions: more than any bound
_TOLERANCE = 1e-9
_SIZES = (1, 7, 100, 5_000, 300_000)


@dataclass(frozen=True)
class Factor:
    """The numbers of the form above. `enough` is 0 where there is no bound."""

    scale: float
    energy: float
    pixels: float
    positions: float
    enough: float

    def __call__(self, layer: Layer) -> float:
        """Return the factor for a layer."""
        bound = min(1.0, layer.positions / self.enough) if self.enough else 1.0
        powers = layer.energy**self.energy * layer.pixels**self.pixels * layer.positions**self.positions
        return float(self.scale * powers * bound)


def factor(normalisation: Normalisation, channels: int) -> Factor:
    """Return a normalisation for a layer of so many channels as data.

    Raises ModelError where it has another form.
    """

    def at(energy: float = 1.0, pixels: int = 1, positions: float = _MANY) -> float:
        return normalisation(Layer(channels, positions, pixels, energy))

    energy, pixels, positions = (
        _exponent(lambda x: at(energy=x), 1.0),
        _exponent(lambda x: at(pixels=int(x)), 1.0),
        _exponent(lambda x: at(positions=x), _MANY),
    )
    scale = at() / _MANY**positions
    few = at(positions=1.0) / scale
    enough = 0.0 if math.isclose(few, 1.0, rel_tol=_TOLERANCE) else 1 / few
    found = Factor(scale, energy, pixels, positions, enough)
    for here, area, strength in itertools.product(_SIZES, _SIZES, (0.01, 1.0, 1e6)):
        layer = Layer(channels, float(here), area, strength)
        if not math.isclose(found(layer), normalisation(layer), rel_tol=1e-6):
            raise ModelError(
                f"the normalisation {getattr(normalisation, '__name__', '')} is no product of powers"
            )
    return found


def _exponent(function: Callable[[float], float], at: float) -> float:
    """Return the exponent of a power, a whole number or a half."""
    slope = math.log2(function(2 * at) / function(at))
    return float(np.round(2 * slope) / 2)
