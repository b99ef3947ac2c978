"""Loss networks of the painter's training: the compact network, and published VGG weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nst_onnx.errors import OptionError
from nst_onnx.models import extractor, readers, vgg
from nst_onnx.models.metadata import Preprocessing

from ..distil import network as compact_network
from ..distil.student import frozen
from .loss import LossNetwork


def of_compact(path: Path, device: str) -> LossNetwork:
    """Return a network that `export distill` made. Raises ModelError."""
    layers, read_outs = compact_network.read(path)
    facts = extractor.load(path).facts
    kernels = {name: _tensor(matrix, device)[:, :, None, None] for name, matrix in read_outs.items()}
    matrix, offset = _affine(facts.preprocessing, device)
    return LossNetwork(
        frozen(layers, device), kernels, matrix, offset, facts.style_layers, facts.content_layers[0]
    )


def of_weights(path: Path, device: str) -> LossNetwork:
    """Return a published VGG up to conv4_1. Raises ModelError; OptionError where it has no such layer."""
    weights = readers.read_weights(path)
    style = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
    names = list(weights.layers)
    if style[-1] not in names:
        raise OptionError(f"{path} has no layer {style[-1]}", "give a whole VGG-16 or VGG-19")
    layers = {name: weights.layers[name] for name in names[: names.index(style[-1]) + 1]}
    matrix, offset = _affine(weights.preprocessing, device)
    content = vgg.default_layers(list(layers))[1][0]
    return LossNetwork(frozen(layers, device), {}, matrix, offset, style, content)


def _affine(preprocessing: Preprocessing, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    matrix, offset = preprocessing.affine()
    return _tensor(matrix, device), _tensor(offset, device)


def _tensor(array: np.ndarray, device: str) -> torch.Tensor:
    return torch.tensor(np.asarray(array), dtype=torch.float32, device=device)
