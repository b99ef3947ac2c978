"""Where a training begins: channels at random, or those of another network with more or fewer of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.models.weights import Layers
from nst_onnx.support.arrays import Array

SMALLEST = 8  # channels of a layer, at least
_DEAD = 1e-6  # of a layer's mean energy: a channel below never says anything


def narrowed(teacher: Layers, width: float) -> tuple[int, ...]:
    """Return `width` times the channels of each of the teacher's layers."""
    return tuple(max(SMALLEST, int(kernel.shape[0] * width)) for kernel, _ in teacher.values())


def untrained(teacher: Layers, channels: Sequence[int], *, input_scale: float, seed: int) -> Layers:
    """Return layers of so many channels, named and sized as the teacher's: He-normal kernels, no biases.

    `input_scale`: the standard deviation of the input. Raises OptionError where the numbers do not fit.
    """
    if len(channels) != len(teacher):
        raise OptionError(f"{len(teacher)} layers need as many numbers of channels, not {len(channels)}")
    if min(channels, default=0) < 1:
        raise OptionError(f"a layer needs a channel at least, not {min(channels, default=0)}")
    rng = np.random.default_rng(seed)
    layers: Layers = {}
    inputs = 3
    for (name, (kernel, _)), outputs in zip(teacher.items(), channels, strict=True):
        side = kernel.shape[-1]
        spread = math.sqrt(2 / (inputs * side * side)) / (input_scale if not layers else 1)
        drawn = rng.standard_normal((outputs, inputs, side, side)) * spread
        layers[name] = drawn.astype(np.float32), np.zeros(outputs, np.float32)
        inputs = outputs
    return layers


def taken_over(known: Layers, fresh: Layers, energies: Mapping[str, Array]) -> Layers:
    """Return `fresh` with as much of the network `known` as there is room for.

    `energies` {layer: mean square of each known channel}. Where a layer becomes narrower its channels that
    say the most to the layer above stay. Channels that say nothing (ReLUs that never open) are left
    out, and new ones take their place, for nobody above listens to them yet: with no narrower layer, what the
    known channels compute stays the same.
    """
    if known.keys() != fresh.keys():
        raise OptionError("a training cannot begin with a network that has other layers")
    taken: Layers = {}
    names = list(known)
    below: npt.NDArray[np.intp] = np.arange(3)
    for name, above in zip(names, [*names[1:], None], strict=True):
        kernel, bias = (array.copy() for array in fresh[name])
        stay = _best(energies[name], known[above][0] if above else None, len(bias))
        kernel[: len(stay), : len(below)] = known[name][0][np.ix_(stay, below)]
        kernel[: len(stay), len(below) :] = 0
        bias[: len(stay)] = known[name][1][stay]
        taken[name] = kernel, bias
        below = stay
    return taken


def _best(energy: Array, above: Array | None, room: int) -> npt.NDArray[np.intp]:
    """Return which channels stay, in their order."""
    heard = energy if above is None else energy * np.square(above).sum((0, 2, 3))
    alive = np.flatnonzero(energy > _DEAD * energy.mean())
    order = alive[np.argsort(-heard[alive], kind="stable")]
    return np.sort(order[:room])
