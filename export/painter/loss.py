"""The painter's loss: the default preset's style statistic, and content in normalised features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from nst_onnx.objective.losses.moments import FLOOR, LEAST

from ..distil.student import Tensors, features

TINY = 1e-12
ROUND = 1e-3
"""Keeps the root of a distance differentiable at 0."""


@dataclass(frozen=True)
class Moments:
    """Uncentred second moments N×C×C and means N×C of one layer."""

    second: torch.Tensor
    mean: torch.Tensor

    def deviation(self, floor: torch.Tensor) -> torch.Tensor:
        """Return the standard deviations, N×C; `floor` (N) is added to the variances."""
        variance = self.second.diagonal(dim1=1, dim2=2) - self.mean.square()
        return (variance.clamp(min=0) + floor[:, None]).sqrt()

    def numbers(self) -> torch.Tensor:
        """Return the means and standard deviations, N×2C: what the predictor sees of a painting."""
        floor = FLOOR * self.second.diagonal(dim1=1, dim2=2).mean(1) + TINY
        return torch.cat([self.mean, self.deviation(floor)], 1)


@dataclass(frozen=True)
class LossNetwork:
    """A feature extractor with average pooling: `layers`, the 1×1 `read_outs`, and what its metadata name.

    `matrix`, `offset`: its preprocessing of RGB 0..1. `style`, `content`: the layers that the loss compares.
    """

    layers: Tensors
    read_outs: Mapping[str, torch.Tensor]
    matrix: torch.Tensor
    offset: torch.Tensor
    style: tuple[str, ...]
    content: str

    def features(self, pictures: torch.Tensor, wanted: set[str]) -> dict[str, torch.Tensor]:
        """Return {layer: N×C×h×w} of pictures N×3×H×W, RGB in 0..1."""
        mixed = torch.einsum("ij,njhw->nihw", self.matrix, pictures) + self.offset[:, None, None]
        found = features(self.layers, mixed.contiguous(memory_format=torch.channels_last), wanted)
        return {
            name: functional.conv2d(value, self.read_outs[name]) if name in self.read_outs else value
            for name, value in found.items()
        }

    def moments(self, found: Mapping[str, torch.Tensor]) -> list[Moments]:
        """Return the statistics of the style layers."""
        return [_moments(found[name]) for name in self.style]


def distances(
    network: LossNetwork, pictures: torch.Tensor, photos: torch.Tensor, styles: list[Moments]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the style distance and the content distance of each picture, N each.

    Style: the root of the default preset's moments loss, summed over layers; the root keeps a hard painting
    from ruling a batch. Content: the mean squared difference of features, normalised in each channel, so that
    colours and contrasts are free.
    """
    found = network.features(pictures, {*network.style, network.content})
    with torch.no_grad():
        target = _normalised(network.features(photos, {network.content})[network.content])
    roots = [
        (_distance(own, style) + ROUND).sqrt()
        for own, style in zip(network.moments(found), styles, strict=True)
    ]
    content = (_normalised(found[network.content]) - target).square().mean((1, 2, 3))
    return torch.stack(roots).sum(0), content


def _moments(value: torch.Tensor) -> Moments:
    rows = value.permute(0, 2, 3, 1).flatten(1, 2)
    second = (rows.transpose(1, 2) @ rows).float() / rows.shape[1]
    return Moments(second, rows.float().mean(1))


def _distance(own: Moments, style: Moments) -> torch.Tensor:
    squares = style.second.diagonal(dim1=1, dim2=2)
    floor = FLOOR * squares.mean(1) + TINY
    least = LEAST * squares.sum(1) + TINY
    deviation = style.deviation(floor)
    return (
        (own.second - style.second).square().sum((1, 2)) / (style.second.square().sum((1, 2)) + TINY)
        + (own.mean - style.mean).square().sum(1) / torch.maximum(style.mean.square().sum(1), least)
        + (own.deviation(floor) - deviation).square().sum(1) / torch.maximum(deviation.square().sum(1), least)
    )


def _normalised(value: torch.Tensor) -> torch.Tensor:
    return functional.instance_norm(value.float(), eps=1e-5)
