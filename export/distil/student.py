"""The student in training: narrow versions of the teacher's layers, and linear heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from nst_onnx.models.weights import Layers, block

Tensors = dict[str, tuple[torch.Tensor, torch.Tensor]]  # {layer: (kernel O×I×h×w, bias O)}


@dataclass(frozen=True)
class Student:
    """`layers` are the product; `heads` (T×C) predict the teacher's T features from the student's C.

    Parameters are normalised for Adam, whose steps have the same size everywhere: the input is divided by
    `input_scale`, its standard deviation, and each head by the layer's entry in `units`. Inputs of 0..255 and
    features of thousands would otherwise need kernels far smaller, and heads far larger, than a step.
    """

    layers: Tensors
    heads: dict[str, torch.Tensor]
    input_scale: float
    units: Mapping[str, float]

    def parameters(self) -> list[torch.Tensor]:
        """Return every trainable tensor."""
        return [*(tensor for pair in self.layers.values() for tensor in pair), *self.heads.values()]

    def features(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return each layer's features after its ReLU, for a preprocessed batch."""
        return features(self.layers, batch / self.input_scale)

    def arrays(self) -> Layers:
        """Return the layers as arrays, for an input that is not divided by `input_scale`."""
        arrays = {
            name: (kernel.detach().cpu().contiguous().numpy(), bias.detach().cpu().numpy())
            for name, (kernel, bias) in self.layers.items()
        }
        first = next(iter(arrays))
        arrays[first] = arrays[first][0] / np.float32(self.input_scale), arrays[first][1]
        return arrays

    def head(self, name: str) -> torch.Tensor:
        """Return the matrix that predicts the teacher's features, in their own units."""
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
    """Return a student with these arrays: the inverse of its `arrays` and `head_matrices`."""
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
    """Return a network's arrays as tensors without gradients."""
    return {name: (_placed(kernel, device), _placed(bias, device)) for name, (kernel, bias) in layers.items()}


def features(
    layers: Mapping[str, tuple[torch.Tensor, torch.Tensor]], batch: torch.Tensor, wanted: Iterable[str] = ()
) -> dict[str, torch.Tensor]:
    """Return the features of each layer after its ReLU, with average pooling between blocks.

    `wanted`: only these layers, and nothing above the last of them is computed; () for all.
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


def _placed(array: np.ndarray, device: str) -> torch.Tensor:
    tensor = torch.tensor(array, dtype=torch.float32, device=device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
