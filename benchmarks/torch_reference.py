"""The reference objective in PyTorch, optimised for speed.

neural-style-pt's losses at its default layers, on any network that is a chain of 3×3 convolutions, ReLUs and
2×2 pooling, with 1×1 convolutions as side branches. It needs PyTorch and numpy only, so that its peak memory
is its own. The picture is in the network's domain (`grey_levels`), without preprocessing. The network ends at
the last layer of a loss, ReLUs work in place, and constants are precomputed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from nst_onnx.support.arrays import Array

CONTENT, STYLE, TV = 5.0, 100.0, 1e-3


@dataclass(frozen=True)
class Network:
    """A chain of layers: ("conv", name) gives `name` after its ReLU, ("pool", "max" or "average") halves.

    ("read_out", name) gives `name`, a 1×1 convolution of the current features, which the next layer ignores.
    """

    chain: Sequence[tuple[str, str]]
    weights: Mapping[str, tuple[Array, Array]]
    """{layer: (kernel O×I×h×w, bias O)}"""


@dataclass(frozen=True)
class Configuration:
    """PyTorch's configuration. `precision`: "fp32"; "bf16": weights and features; "autocast": bf16."""

    precision: str
    layout: str

    def __str__(self) -> str:
        return f"PyTorch {self.precision} {self.layout}"

    @property
    def kind(self) -> str:
        """The precision of the products: "fp32" or "bf16"."""
        return "fp32" if self.precision == "fp32" else "bf16"

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.layout == "channels_last" else torch.contiguous_format

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bf16" else torch.float32


def configurations() -> list[Configuration]:
    """Return the configurations that this processor supports, plain fp32 first."""
    precisions = ["fp32"]
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        precisions += ["autocast", "bf16"]
    return [Configuration(p, layout) for p in precisions for layout in ("NCHW", "channels_last")]


class Objective:
    """5 · mean (F − P)² + 100 · Σ mean (G − A)² + 1e-3 · Σ (|∂x| + |∂y|), with G = F Fᵀ / (C H W).

    `content` and `style`: pictures 1×3×H×W in grey levels.
    """

    def __init__(
        self,
        network: Network,
        content: Array,
        style: Array,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        configuration: Configuration,
    ) -> None:
        self.configuration = configuration
        wanted = self._wanted = {*content_layers, *style_layers}
        last = max(i for i, (kind, name) in enumerate(network.chain) if kind != "pool" and name in wanted)
        self._chain = network.chain[: last + 1]
        self._weights = {
            name: (self._placed(torch.from_numpy(kernel)), torch.from_numpy(bias).to(configuration.dtype))
            for name, (kernel, bias) in network.weights.items()
            if name in {known for _, known in self._chain}
        }
        with torch.no_grad(), self._precision():
            seen = self._features(torch.from_numpy(content))
            self._contents = {name: seen[name].float() for name in content_layers}
            seen = self._features(torch.from_numpy(style))
            self._grams = {name: gram(seen[name]) for name in style_layers}

    def value_and_grad(self, x: torch.Tensor) -> tuple[float, torch.Tensor]:
        """Return (loss, gradient) at a picture float32 1×3×H×W that requires gradients."""
        x.grad = None
        with self._precision():
            loss = self._loss(x)
        loss.backward()
        assert x.grad is not None
        return loss.item(), x.grad

    def _loss(self, x: torch.Tensor) -> torch.Tensor:
        features = self._features(x)
        down, right = x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]
        loss = TV * (down.abs().sum() + right.abs().sum())
        for name, target in self._contents.items():
            loss = loss + CONTENT * functional.mse_loss(features[name].float(), target)
        for name, target in self._grams.items():
            loss = loss + STYLE * functional.mse_loss(gram(features[name]), target)
        return loss

    def _features(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {layer: activations} for the layers of the losses."""
        x = self._placed(x)
        found = {}
        for kind, name in self._chain:
            if kind == "pool":
                x = functional.max_pool2d(x, 2) if name == "max" else functional.avg_pool2d(x, 2)
                continue
            if kind == "read_out":
                if name in self._wanted:
                    found[name] = functional.conv2d(x, *self._weights[name])
                continue
            x = functional.relu_(functional.conv2d(x, *self._weights[name], padding=1))
            if name in self._wanted:
                found[name] = x
        return found

    def _placed(self, x: torch.Tensor) -> torch.Tensor:
        return x.to(self.configuration.dtype, memory_format=self.configuration.memory_format)

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.configuration.precision == "autocast")


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return F Fᵀ / (C H W) in float32, without a copy in either layout."""
    if features.is_contiguous(memory_format=torch.channels_last):
        positions = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
        return (positions.t() @ positions).float() / features.numel()
    matrix = features.reshape(features.shape[1], -1)
    return (matrix @ matrix.t()).float() / features.numel()
