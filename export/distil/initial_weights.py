"""Initial weights of a student: He-normal, or transferred from a network of other widths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.models.weights import Layers
from nst_onnx.support.arrays import Array

SMALLEST = 8  # channels of a layer, at least
_DEAD = 1e-6  # of a layer's mean energy: channels below are dead


def scaled_channels(teacher: Layers, width: float) -> tuple[int, ...]:
    """Return the number of channels of each layer: `width` times the teacher's."""
    return tuple(max(SMALLEST, int(kernel.shape[0] * width)) for kernel, _ in teacher.values())


def he_normal(teacher: Layers, channels: Sequence[int], *, input_scale: float, seed: int) -> Layers:
    """Return He-normal kernels and zero biases, with the teacher's layer names and kernel sizes.

    `input_scale`: the standard deviation of the input. Raises OptionError where `channels` does not fit.
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


def transferred(known: Layers, fresh: Layers, energies: Mapping[str, Array]) -> Layers:
    """Return `fresh` with the channels of the network `known` copied in, as many as fit.

    Both networks need the same first layer. From the first layer that differs in name, `fresh` is unchanged.
    `energies` {layer: mean square of each known channel}. A narrower layer keeps the channels with the
    largest influence on the layer above. Dead channels (ReLUs that never open) are replaced by fresh ones,
    whose weights in the next common layer are 0: with no narrower layer, the known channels compute the same.
    """
    names = [name for name, _ in takewhile(lambda pair: pair[0] == pair[1], zip(known, fresh, strict=False))]
    if not names:
        raise OptionError("a training cannot begin with a network whose first layer has another name")
    layers: Layers = {}
    below: npt.NDArray[np.intp] = np.arange(3)
    for name, above in zip(names, [*list(known)[1:], None], strict=False):
        kernel, bias = (array.copy() for array in fresh[name])
        kept = _most_influential(energies[name], known[above][0] if above else None, len(bias))
        kernel[: len(kept), : len(below)] = known[name][0][np.ix_(kept, below)]
        kernel[: len(kept), len(below) :] = 0
        bias[: len(kept)] = known[name][1][kept]
        layers[name] = kernel, bias
        below = kept
    return {**fresh, **layers}


def _most_influential(energy: Array, above: Array | None, count: int) -> npt.NDArray[np.intp]:
    """Return at most `count` live channels with the largest influence on the layer above, in their order."""
    influence = energy if above is None else energy * np.square(above).sum((0, 2, 3))
    alive = np.flatnonzero(energy > _DEAD * energy.mean())
    order = alive[np.argsort(-influence[alive], kind="stable")]
    return np.sort(order[:count])
