"""Canonical form of a VGG-shaped network's weights, and its validation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.support.arrays import Array

Layers = dict[str, tuple[Array, Array]]

# How many convolutions each block has (Simonyan & Zisserman 2014, table 1).
DEPTHS = {
    "vgg19": (2, 2, 4, 4, 4),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg11": (1, 1, 2, 2, 2),
}
WIDTHS = (64, 128, 256, 512, 512)
LICENCE = "CC BY 4.0, K. Simonyan and A. Zisserman (Visual Geometry Group, University of Oxford)"

_LAYER = re.compile(r"conv(\d+)_(\d+)")


@dataclass(frozen=True)
class Weights:
    """A network's weights in canonical form, of whichever file format.

    `layers` maps ``conv1_1`` … in network order to (kernel, bias): float32, kernel O×I×H×W applied
    as cross-correlation, bias O. conv1_1 takes its channels in the preprocessing's order.
    `sha256` is that of the weight file.
    """

    name: str
    layers: Layers
    preprocessing: Preprocessing
    source: str = ""
    licence: str = ""
    sha256: str = ""


def network_order(names: Iterable[str]) -> list[str]:
    """Return ``conv1_1``-like names in network order; other names are skipped."""
    numbered = [(int(m[1]), int(m[2]), n) for n in names if (m := _LAYER.fullmatch(n))]
    return [name for _, _, name in sorted(numbered)]


def block(name: str) -> int:
    """Return the block of a layer: 3 for ``conv3_4``."""
    match = _LAYER.fullmatch(name)
    if match is None:
        raise ModelError(f"{name!r} is not a VGG layer name such as conv3_1")
    return int(match[1])


def layer_names(depths: Iterable[int]) -> list[str]:
    """Return the layer names of a network with these numbers of convolutions per block."""
    return [f"conv{b}_{i}" for b, depth in enumerate(depths, 1) for i in range(1, depth + 1)]


def architecture(names: Iterable[str]) -> str:
    """Return the VGG whose layers, or first layers, these are: "vgg19" first, where several match.

    Raises ModelError that names the layers missing from the nearest one.
    """
    names = set(names)
    missing: dict[str, list[str]] = {}
    for vgg, depths in DEPTHS.items():
        order = layer_names(depths)
        if names <= set(order):
            last = max((order.index(name) for name in names), default=0)
            missing[vgg] = [name for name in order[: last + 1] if name not in names]
            if not missing[vgg]:
                return vgg
    if not missing:
        extra = sorted(names - {n for d in DEPTHS.values() for n in layer_names(d)})
        raise ModelError(f"it has layers that no VGG has: {_some(extra)}")
    nearest = min(missing, key=lambda vgg: len(missing[vgg]))
    raise ModelError(f"it is not a whole {nearest.upper()}: {_some(missing[nearest])} missing")


def by_order(
    pairs: Sequence[tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]],
) -> dict[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]]:
    """Name (kernel, bias) pairs in network order, for files that only number their layers.

    A block ends where the number of filters changes; blocks 4 and 5 have the same number and are as
    deep as block 3, which holds for every VGG.
    """
    widths = [bias.size for _, bias in pairs]
    depths: list[int] = []
    for i, width in enumerate(widths):
        full = len(depths) == 4 and depths[3] == depths[2]
        if i == 0 or width != widths[i - 1] or full:
            depths.append(0)
        depths[-1] += 1
    return dict(zip(layer_names(depths), pairs, strict=True))


def check(layers: Layers, *, where: str) -> None:
    """Raise ModelError, naming `where`, unless `layers` form a valid VGG-shaped network.

    Valid: names without gaps, kernels O×I×H×W with odd H and W and matching channels, finite numbers.
    """
    try:
        architecture(layers)
    except ModelError as error:
        raise ModelError(f"{where}: {error}", error.hint) from None
    channels = 3
    for name, (kernel, bias) in layers.items():
        if kernel.ndim != 4 or kernel.shape[2] % 2 == 0 or kernel.shape[3] % 2 == 0:
            raise ModelError(
                f"{where}: the kernel of {name} has shape {_shape(kernel)}, not a VGG convolution's"
            )
        if kernel.shape[1] != channels:
            raise ModelError(
                f"{where}: {name} has {kernel.shape[1]} input channels instead of {channels}; it is not VGG"
            )
        if bias.shape != kernel.shape[:1]:
            raise ModelError(f"{where}: {name} has {_shape(bias)} biases for {kernel.shape[0]} filters")
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ModelError(
                f"{where}: the weights of {name} hold NaN or infinity",
                "the file is damaged; download it again",
            )
        channels = kernel.shape[0]


def is_full_width(layers: Layers) -> bool:
    """Return whether the layers have VGG's own numbers of channels (a narrower network is not a VGG-19)."""
    return all(kernel.shape[0] == WIDTHS[block(name) - 1] for name, (kernel, _) in layers.items())


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _shape(array: npt.NDArray[np.generic]) -> str:
    return "×".join(map(str, array.shape)) or "()"
