"""The network being trained: a teacher's layers made narrow, and heads that tell the teacher's features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from nst_onnx.models.weights import Layers, block

Tensors = dict[str, tuple[Any, Any]]  # name -> (kernel O×I×h×w, bias O), torch.Tensor


@dataclass(frozen=True)
class Student:
    """`layers` are what is wanted; `heads` (T×C) tell the teacher's T features from its own C.

    While it trains the input is divided by `input_scale`, its standard deviation, and heads tell features in
    `units`, a number for each layer. In their own sizes, 0..255 and thousands, kernels would be so small, and
    heads so large, that Adam's steps would overturn the ones and hardly move the others.
    """

    layers: Tensors
    heads: dict[str, Any]
    input_scale: float
    units: Mapping[str, float]

    def parameters(self) -> list[Any]:
        """Return every tensor to be trained."""
        return [*(tensor for pair in self.layers.values() for tensor in pair), *self.heads.values()]

    def features(self, batch: Any) -> dict[str, Any]:
        """Return what each ReLU makes of a preprocessed batch."""
        return features(self.layers, batch / self.input_scale)

    def arrays(self) -> Layers:
        """Return the layers as nst-onnx keeps them, for the input as it is."""
        arrays = {
            name: (kernel.detach().cpu().contiguous().numpy(), bias.detach().cpu().numpy())
            for name, (kernel, bias) in self.layers.items()
        }
        first = next(iter(arrays))
        arrays[first] = arrays[first][0] / np.float32(self.input_scale), arrays[first][1]
        return arrays

    def head(self, name: str) -> Any:
        """Return the matrix that tells the teacher's features as they are."""
        return self.heads[name] * self.units[name]

    def head_matrices(self) -> dict[str, np.ndarray]:
        """Return every `head` as an array."""
        return {name: self.head(name).detach().cpu().numpy() for name in self.heads}


def trainable(
    layers: Layers,
    heads: Mapping[str, np.ndarray],
    units: Mapping[str, float],
    *,
    input_scale: float,
    device: str,
) -> Student:
    """Return a student with these arrays: the reverse of its `arrays` and `head_matrices`."""
    first = next(iter(layers))
    scaled = {
        name: (kernel * np.float32(input_scale) if name == first else kernel, bias)
        for name, (kernel, bias) in layers.items()
    }
    return Student(
        {name: tuple(_placed(a, device).requires_grad_() for a in pair) for name, pair in scaled.items()},
        {name: _placed(head / units[name], device).requires_grad_() for name, head in heads.items()},
        input_scale,
        units,
    )


def frozen(layers: Layers, device: str) -> Tensors:
    """Return a network's arrays as tensors that are not trained."""
    return {name: (_placed(kernel, device), _placed(bias, device)) for name, (kernel, bias) in layers.items()}


def features(layers: Mapping[str, tuple[Any, Any]], batch: Any, wanted: Iterable[str] = ()) -> dict[str, Any]:
    """Return what each ReLU makes of a preprocessed batch, with average pooling between blocks.

    Where `wanted` names layers, only those, and nothing is computed above the last of them.
    """
    found, value, current = {}, batch, 1
    left = set(wanted) or set(layers)
    for name, (kernel, bias) in layers.items():
        if block(name) != current:
            value, current = functional.avg_pool2d(value, 2), block(name)
        value = functional.relu(functional.conv2d(value, kernel, bias, padding=kernel.shape[-1] // 2))
        if name in left:
            found[name] = value
            left.discard(name)
        if not left:
            break
    return found


def _placed(array: np.ndarray, device: str) -> Any:
    tensor = torch.tensor(array, dtype=torch.float32, device=device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
