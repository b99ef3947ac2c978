"""The painter in training, as a PyTorch module."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from nst_onnx.errors import OptionError
from nst_onnx.support.arrays import Array

from .architecture import CLIP, EPSILON, STRENGTH, Architecture


class Painter(nn.Module):  # type: ignore[misc]  # torch is not followed
    """`predict`: from a painting's statistics to its style; `paint`: from photo and style to picture.

    `statistics`: their number. The style vector here holds the scales and then the shifts of each normalised
    convolution, in their order; in ONNX, kernels after them.
    """

    def __init__(self, architecture: Architecture, statistics: int, *, seed: int) -> None:
        super().__init__()
        self.architecture = architecture
        generator = torch.Generator().manual_seed(seed)
        self.kernels = nn.ParameterDict()
        for convolution in architecture.convolutions():
            shape = convolution.shape
            kernel = torch.randn(shape, generator=generator) * math.sqrt(2 / math.prod(shape[1:]))
            self.kernels[convolution.name] = kernel.contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            self.kernels["picture"] *= 0.1
        self.picture_bias = nn.Parameter(torch.full((3,), 0.5))
        # The standardisation of the statistics, measured before training.
        self.register_buffer("centre", torch.zeros(statistics))
        self.register_buffer("spread", torch.ones(statistics))
        sizes = statistics + 1, architecture.hidden, architecture.hidden, architecture.predicted_size
        self.dense = nn.ParameterList()
        self.biases = nn.ParameterList()
        for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            gain = 0.1 if number == 2 else math.sqrt(2)
            self.dense.append(torch.randn(outputs, inputs, generator=generator) * gain / math.sqrt(inputs))
            self.biases.append(torch.zeros(outputs))
        with torch.no_grad():
            start = 0
            for _, channels in architecture.normalised():
                self.biases[-1][start : start + channels] = 1
                start += 2 * channels

    def arrays(self) -> dict[str, Array]:
        """Return the weights, {name: array}, as `state_dict` names them."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Replace the weights by `arrays`, as `arrays()` returns them. Raises OptionError for others."""
        try:
            self.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        except RuntimeError as error:
            raise OptionError(
                "the painter to start from has other layers", "give one of this form"
            ) from error

    def predict(self, statistics: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        """Return style vectors N×S from statistics N×D and strengths N (0..1)."""
        value = ((statistics - self.centre) / self.spread).clamp(-CLIP, CLIP)
        value = torch.cat([value, STRENGTH * (2 * strength[:, None] - 1)], 1)
        for number, (matrix, bias) in enumerate(zip(self.dense, self.biases, strict=True)):
            value = functional.linear(value, matrix, bias)
            if number < len(self.dense) - 1:
                value = functional.relu(value)
        return value

    def paint(self, photo: torch.Tensor, noise: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """Return pictures N×3×H×W (about 0..1) from photos N×3×H×W (0..1), noise N×1×H×W (uniform in
        -0.5..0.5) and style vectors N×S.
        """
        pairs = {}
        start = 0
        for name, channels in self.architecture.normalised():
            scale, shift = style[:, start : start + 2 * channels].chunk(2, 1)
            pairs[name] = scale[:, :, None, None], shift[:, :, None, None]
            start += 2 * channels
        strides = {one.name: one.stride for one in self.architecture.convolutions()}

        def layer(name: str, value: torch.Tensor) -> torch.Tensor:
            found = functional.conv2d(value, self.kernels[name], stride=strides[name], padding=1)
            scale, shift = pairs[name]
            return functional.instance_norm(found.float(), eps=EPSILON) * scale + shift

        def block(name: str, value: torch.Tensor) -> torch.Tensor:
            return value + layer(f"{name}b", functional.relu(layer(f"{name}a", value)))

        relu = functional.relu
        inputs = torch.cat([photo - 0.5, noise], 1)
        half = relu(layer("down2", inputs))
        quarter = relu(layer("down4", half))
        value = relu(layer("down8", quarter))
        for number in range(self.architecture.eighth_blocks):
            value = block(f"eighth{number}", value)
        value = relu(layer("up4", upsampled(value)) + quarter)
        for number in range(self.architecture.quarter_blocks):
            value = block(f"quarter{number}", value)
        value = relu(layer("up2", torch.cat([upsampled(value), half], 1)))
        value = relu(layer("refine2", value))
        value = relu(layer("up1", torch.cat([upsampled(value), inputs], 1)))
        picture = functional.conv2d(value, self.kernels["picture"], self.picture_bias, padding=1)
        return picture.float()


def upsampled(value: torch.Tensor) -> torch.Tensor:
    """Return twice the size, each value repeated."""
    return functional.interpolate(value, scale_factor=2, mode="nearest")
