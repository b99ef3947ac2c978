"""The network being trained: a teacher's layers made narrow, and heads that tell the teacher's features."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from nst_onnx.models.weights import Layers, block

Tensors = dict[str, tuple[Any, Any]]  # name -> (kernel O×I×h×w, bias O), torch.Tensor

SMALLEST = 8  # channels of a layer, at least


@dataclass(frozen=True)
class Student:
    """`layers` are what is wanted; `heads` are 1×1 convolutions from layers to the teacher's features.

    While it trains the input is divided by `input_scale`, its standard deviation: kernels for an input
    of 0..255 would be so small that each of Adam's steps overturns them.
    """

    layers: Tensors
    heads: Tensors
    input_scale: float

    def parameters(self) -> list[Any]:
        """Return every tensor to be trained."""
        return [tensor for pair in [*self.layers.values(), *self.heads.values()] for tensor in pair]

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


def untrained(
    teacher: Layers, heads: Iterable[str], *, width: float, input_scale: float, seed: int, device: str
) -> Student:
    """Return a student with `width` times the teacher's channels: He-normal kernels, heads that guess 0."""
    generator = torch.Generator().manual_seed(seed)

    def convolution(outputs: int, inputs: int, side: int, gain: float) -> tuple[Any, Any]:
        kernel = torch.randn(outputs, inputs, side, side, generator=generator)
        kernel = kernel * gain / math.sqrt(inputs * side * side)
        return tuple(_placed(tensor, device).requires_grad_() for tensor in (kernel, torch.zeros(outputs)))

    layers: Tensors = {}
    explaining: Tensors = {}
    inputs = 3
    for name, (kernel, _) in teacher.items():
        outputs = max(SMALLEST, int(kernel.shape[0] * width))
        layers[name] = convolution(outputs, inputs, kernel.shape[-1], math.sqrt(2))
        if name in heads:
            explaining[name] = convolution(kernel.shape[0], outputs, 1, 0.0)
        inputs = outputs
    return Student(layers, explaining, input_scale)


def frozen(layers: Layers, device: str) -> Tensors:
    """Return a network's arrays as tensors that are not trained."""
    return {
        name: (_placed(torch.tensor(kernel), device), _placed(torch.tensor(bias), device))
        for name, (kernel, bias) in layers.items()
    }


def features(layers: Mapping[str, tuple[Any, Any]], batch: Any) -> dict[str, Any]:
    """Return what each ReLU makes of a preprocessed batch, with average pooling between blocks."""
    found, value, current = {}, batch, 1
    for name, (kernel, bias) in layers.items():
        if block(name) != current:
            value, current = functional.avg_pool2d(value, 2), block(name)
        value = functional.relu(functional.conv2d(value, kernel, bias, padding=kernel.shape[-1] // 2))
        found[name] = value
    return found


def _placed(tensor: Any, device: str) -> Any:
    tensor = tensor.to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
