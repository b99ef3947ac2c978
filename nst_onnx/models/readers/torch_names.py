"""Torch's names of a VGG's weights, in .pth, .safetensors and .npz files."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import TORCHVISION
from nst_onnx.models.weights import DEPTHS, layer_names

_INDEXED = re.compile(r"(?:^|.*\.)?(?:features\.)?(\d+)\.weight")
_NAMED = re.compile(r"(?:^|.*\.)((?:conv|relu)\d_\d|block\d_conv\d)\.weight")
_EPSILON = 1e-5  # of torch's BatchNorm2d; not in the file


def stored(arrays: Mapping[str, npt.NDArray[np.generic]], layout: str) -> StoredWeights:
    """Return the convolutions among `arrays`, in torch's O×I×H×W, for torchvision's input.

    ``features.N.weight`` are numbered as in torchvision's Sequential, which includes ReLU and pooling;
    ``conv1_1.weight`` has its name. Batch normalisations behind convolutions are folded into them.
    Raises ModelError where the numbers match no VGG.
    """
    named = {canonical(m[1]): k for k in arrays if (m := _NAMED.fullmatch(k))}
    if not named:
        named = _numbered(
            {int(m[1]): k for k in arrays if _is_convolution(k, arrays) and (m := _INDEXED.fullmatch(k))}
        )
    layers = {}
    for name, key in named.items():
        stem = key.removesuffix("weight")
        kernel = np.asarray(arrays[key], np.float32)
        if f"{stem}bias" in arrays:
            bias = np.asarray(arrays[f"{stem}bias"], np.float32)
        else:
            bias = np.zeros(len(kernel), np.float32)
        layers[name] = _without_normalisation(arrays, stem, kernel, bias)
    return StoredWeights(dict(layers), "OIHW", TORCHVISION, layout)


def _is_convolution(key: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> bool:
    return key.endswith(".weight") and "classifier" not in key and arrays[key].ndim == 4


def _numbered(keys: Mapping[int, str]) -> dict[str, str]:
    """Return VGG's name → key, by the gaps in the numbers: a pooling layer adds one."""
    numbers = sorted(keys)
    if not numbers:
        raise ModelError("no convolution is named like features.0.weight or conv1_1.weight")
    for depths in DEPTHS.values():
        for step in (2, 3):  # convolution and ReLU; with batch normalisation between them
            expected, position = [], numbers[0]
            for depth in depths:
                expected += [position + step * i for i in range(depth)]
                position += step * depth + 1
            if expected[: len(numbers)] == numbers:
                return {name: keys[n] for name, n in zip(layer_names(depths), numbers, strict=False)}
    raise ModelError(
        "it is not VGG: convolutions are numbered " + ", ".join(map(str, numbers[:8])),
        "VGG-19's are 0, 2, 5, 7, 10, 12, 14, 16, 19, ...",
    )


def _without_normalisation(
    arrays: Mapping[str, npt.NDArray[np.generic]],
    stem: str,
    kernel: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return kernel and bias with the BatchNorm2d behind them folded in, where there is one."""
    match = re.fullmatch(r"(.*?)(\d+)\.", stem)
    behind = f"{match[1]}{int(match[2]) + 1}." if match else ""
    if not match or f"{behind}running_var" not in arrays:
        return kernel, bias
    parts = ("weight", "bias", "running_mean", "running_var")
    gain, shift, mean, variance = (np.asarray(arrays[behind + part], np.float64) for part in parts)
    gain = gain / np.sqrt(variance + _EPSILON)
    folded = kernel * gain[:, None, None, None]
    return folded.astype(np.float32), (shift + (bias - mean) * gain).astype(np.float32)
