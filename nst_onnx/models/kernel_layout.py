"""Kernel layout of a weight file: detected by comparing its first layer with the published ones.

Published files of the same network disagree: axes in any order, rows and columns exchanged, kernels
rotated by 180° (Theano convolves), RGB or BGR, and pixels in 0..255 or normalised. All of these are
visible in the first layer, and the other kernels have the same layout. A fingerprint of twelve numbers of
its first filter identifies it: any wrong layout differs by more than 10%.

The numbers are of VGG-19 and VGG-16 by Karen Simonyan and Andrew Zisserman, CC BY 4.0, and were
derived from Keras Applications' file by::

    kernel, bias = file["block1_conv1"]["kernel:0"], file["block1_conv1"]["bias:0"]   # H×W×I×O
    kernel[:, :, 0, 0], kernel[0, 0, 1, 0], kernel[0, 0, 2, 0], bias[0]
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.metadata import CAFFE, TORCHVISION, Preprocessing
from nst_onnx.models.weights import (
    LICENCE,
    Layers,
    Weights,
    architecture,
    check,
    is_full_width,
    network_order,
)


class ModelWarning(UserWarning):
    """Something about a model in use could not be verified."""


@dataclass(frozen=True)
class StoredWeights:
    """Weights as stored in a file, with the properties that its layout implies.

    `layers`: VGG's name → (kernel, bias), axes in the order `axes` names (O out, I in, H, W).
    `rotated`: whether kernels are stored for true convolution, rotated by 180°.
    `mean`: the mean colour in the file, in 0..255.
    """

    layers: dict[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]]
    axes: str
    preprocessing: Preprocessing
    layout: str
    rotated: bool = False
    mean: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Orientation:
    """Conversion of a file's kernels to O×I×H×W cross-correlation: a transpose, then flips."""

    axes: tuple[int, int, int, int] = (0, 1, 2, 3)
    flip_height: bool = False
    flip_width: bool = False
    flip_channels: bool = False  # of conv1_1 only: RGB from BGR, or the reverse

    def apply(self, kernel: npt.NDArray[np.generic], *, first: bool) -> npt.NDArray[np.float32]:
        """Return the kernel O×I×H×W; `first`: whether it is conv1_1's, whose inputs are colours."""
        flipped = kernel.transpose(self.axes)[
            :,
            :: -1 if self.flip_channels and first else 1,
            :: -1 if self.flip_height else 1,
            :: -1 if self.flip_width else 1,
        ]
        return np.ascontiguousarray(flipped, np.float32)


@dataclass(frozen=True)
class _Fingerprint:
    """Fingerprint of the first filter, BGR: its blue plane, the first number of green and red, its bias."""

    blue: tuple[tuple[float, float, float], ...]
    green: float
    red: float
    bias: float


_PUBLISHED = {
    "vgg19": _Fingerprint(
        (
            (0.34119523, 0.33999205, -0.04484424),
            (0.23215917, 0.08978214, -0.30331427),
            (-0.07260918, -0.246675, -0.33683276),
        ),
        0.46418372,
        0.39416704,
        0.7301776,
    ),
    "vgg16": _Fingerprint(
        (
            (0.42947057, 0.373467, -0.06136011),
            (0.27476987, 0.03868078, -0.36722335),
            (-0.05746817, -0.26224968, -0.35009676),
        ),
        0.55037946,
        0.4800154,
        0.73429835,
    ),
}
_TOLERANCE = 0.01  # of the filter's norm; float16 storage differs by 0.0005, a wrong layout by 0.13 or more


def recognise(
    kernel: npt.NDArray[np.generic], bias: npt.NDArray[np.generic]
) -> tuple[str, Preprocessing, Orientation] | None:
    """Return (network, preprocessing, orientation) of a published first layer, or None.

    Tried: all orders of the axes that the shape allows, all flips, RGB and BGR, and kernels for pixels
    in 0..255 or normalised as torchvision does. A filter scaled together with its bias (as in the
    "normalised" VGG-19 of Gatys et al.) is recognised too. `preprocessing` is what `orientation` leads to.
    """
    best: tuple[float, str, Preprocessing, Orientation] | None = None
    for orientation in _orientations(kernel):
        first = orientation.apply(kernel, first=True)[0]
        for preprocessing in (CAFFE, TORCHVISION):
            found = _fingerprint(first, preprocessing)
            for name, print_ in _PUBLISHED.items():
                published = np.array([*itertools.chain(*print_.blue), print_.green, print_.red])
                scale = float(bias.flat[0]) / print_.bias
                error = float(np.linalg.norm(found - scale * published) / np.linalg.norm(published))
                error = error / abs(scale) if scale else np.inf
                if error < _TOLERANCE and (best is None or error < best[0]):
                    best = error, name, preprocessing, orientation
    return None if best is None else best[1:]


def canonical(stored: StoredWeights, *, where: str, name: str, source: str, sha256: str) -> Weights:
    """Return a file's weights in canonical form, with their orientation detected.

    For a first layer that matches no published one the orientation is that of its layout, with a
    ModelWarning: torchvision's networks, trained anew, and others of VGG's shape. `name` is used where the
    network is not a VGG. Raises ModelError, naming `where`, for weights that are not VGG-shaped.
    """
    names = network_order(stored.layers)
    if "conv1_1" not in names:
        raise ModelError(f"{where} is not VGG: it has no conv1_1 ({stored.layout})")
    kernel, bias = stored.layers["conv1_1"]
    if kernel.ndim != 4 or bias.size == 0:
        raise ModelError(f"{where} is not VGG: its conv1_1 has {kernel.ndim} axes instead of 4")
    match = recognise(kernel, bias)
    if match is None:
        orientation, preprocessing = _declared(stored, where), stored.preprocessing
    else:
        recognised, preprocessing, orientation = match
    layers: Layers = {}
    for layer in names:
        kernel, bias = stored.layers[layer]
        if kernel.ndim != 4:
            raise ModelError(f"{where} is not VGG: its {layer} has {kernel.ndim} axes instead of 4")
        layers[layer] = (
            orientation.apply(kernel, first=layer == "conv1_1"),
            np.ascontiguousarray(bias.reshape(-1), np.float32),
        )
    check(layers, where=where)
    if match is not None:
        name = recognised
    elif is_full_width(layers):
        name = architecture(layers)
    if match is None:
        warnings.warn(
            f"the first layer of {where} is none of the published ones: its orientation is taken as "
            f"usual for {stored.layout}, its input as {preprocessing.channel_order} in "
            f"0..{preprocessing.scale:g}; if it takes another, as networks tuned from Caffe's do, "
            f"`nst-onnx models add` it with --channel-order, --scale, --mean and --std",
            ModelWarning,
            stacklevel=2,
        )
    licence = LICENCE if match is not None else ""
    return Weights(
        name=name,
        layers=layers,
        preprocessing=_with_mean(preprocessing, stored.mean),
        source=source,
        licence=licence,
        sha256=sha256,
    )


def _orientations(kernel: npt.NDArray[np.generic]) -> Iterator[Orientation]:
    for axes in itertools.permutations(range(4)):
        if tuple(kernel.shape[axis] for axis in axes[1:]) == (3, 3, 3):
            for flips in itertools.product((False, True), repeat=3):
                yield Orientation((axes[0], axes[1], axes[2], axes[3]), *flips)


def _fingerprint(first: npt.NDArray[np.float32], preprocessing: Preprocessing) -> npt.NDArray[np.float64]:
    """Return the fingerprint of a filter I×H×W for input by `preprocessing`, converted to Caffe's."""
    scaled = first * (preprocessing.scale / 255 / np.asarray(preprocessing.std)[:, None, None])
    if preprocessing.channel_order == "RGB":
        scaled = scaled[::-1]
    return np.append(scaled[0].ravel(), [scaled[1, 0, 0], scaled[2, 0, 0]]).astype(np.float64)


def _declared(stored: StoredWeights, where: str) -> Orientation:
    """Return the layout's orientation, or another that the first kernel's shape allows."""
    shape = stored.layers["conv1_1"][0].shape
    for axes in (stored.axes, "OIHW", "HWIO"):
        order = tuple(axes.index(letter) for letter in "OIHW")
        if shape[order[1]] == 3 and shape[order[2]] == shape[order[3]]:
            return Orientation(
                (order[0], order[1], order[2], order[3]),
                flip_height=stored.rotated,
                flip_width=stored.rotated,
            )
    raise ModelError(f"{where} is not VGG: its conv1_1 has shape {'×'.join(map(str, shape))}")


def _with_mean(preprocessing: Preprocessing, mean: tuple[float, float, float] | None) -> Preprocessing:
    """Return the preprocessing with the mean in the file, unless that is the usual mean, rounded.

    Its channels may be in either order: the one nearer to the usual mean is used.
    """
    if mean is None or preprocessing.scale != 255.0:
        return preprocessing
    distances = {order: np.abs(np.subtract(order, preprocessing.mean)).max() for order in (mean, mean[::-1])}
    mean = min(distances, key=lambda order: float(distances[order]))
    if distances[mean] < 0.01:
        return preprocessing
    return replace(preprocessing, mean=mean)
