"""The objective that is measured, ours and PyTorch's: neural-style's losses at a network's own layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from benchmarks.grey_levels import GreyLevels
from benchmarks.pairs import Pair
from nst_onnx import Objective
from nst_onnx.models.extractor import Extractor
from nst_onnx.network import Network
from nst_onnx.targets import batch

if TYPE_CHECKING:
    from benchmarks import torch_reference

Array = npt.NDArray[np.float32]

LOSS_TOLERANCE = 1e-4  # relative; sums of 1e8 squares in float32, in another order
GRADIENT_TOLERANCE = 2e-3  # relative to its norm; max pooling takes another of two nearly equal values


def ours(network: Network, pair: Pair, size: int | tuple[int, int]) -> Objective:
    """Return our objective; `size` is the longest side or (width, height)."""
    facts = network.extractor.facts
    return Objective(
        pair.content,
        pair.style,
        model=network,
        preset="neural-style",
        size=size,
        content_layers=facts.content_layers,
        style_layers=facts.style_layers,
        pooling="average" if pooling(network.extractor) == "average" else "max",
    )


def pooling(extractor: Extractor) -> str:
    """Return the network's own pooling."""
    return "average" if any(n.op_type == "AveragePool" for n in extractor.proto.graph.node) else "max"


def chain(extractor: Extractor) -> torch_reference.Network:
    """Return the network as PyTorch's side takes it. Raises ValueError where it is no plain chain."""
    from benchmarks import torch_reference

    stored = {t.name: t for t in extractor.proto.graph.initializer}
    layers: list[tuple[str, str]] = []
    weights: dict[str, tuple[Array, Array]] = {}
    current: tuple[Array, Array] | None = None
    for node in extractor.proto.graph.node:
        if node.op_type == "Conv":
            kernel, bias = (numpy_helper.to_array(stored[name]) for name in node.input[1:])
            current = np.array(kernel), np.array(bias)
        elif node.op_type == "Relu" and current is not None:
            layers.append(("conv", node.output[0]))
            weights[node.output[0]] = current
        elif node.op_type in ("MaxPool", "AveragePool"):
            layers.append(("pool", pooling(extractor)))
        else:
            raise ValueError(f"PyTorch's side knows no {node.op_type}: only plain VGGs can be compared")
    return torch_reference.Network(layers, weights)


def grey_levels(extractor: Extractor) -> GreyLevels:
    """Return the map between our pictures and the reference's."""
    p = extractor.facts.preprocessing
    return GreyLevels.of(p.channel_order, p.scale, p.mean, p.std)


def reference(
    objective: Objective, configuration: torch_reference.Configuration
) -> torch_reference.Objective:
    """Return PyTorch's objective for the same pictures."""
    from benchmarks import torch_reference

    extractor = objective.network.extractor
    grey = grey_levels(extractor)
    return torch_reference.Objective(
        chain(extractor),
        grey.levels(batch(objective.content_picture)),
        grey.levels(batch(objective.style_pictures[0][0])),
        extractor.facts.content_layers,
        extractor.facts.style_layers,
        configuration,
    )


def trial_picture(objective: Objective) -> Array:
    """Return a picture 1×3×H×W to evaluate at: the content under some noise."""
    noise = np.random.default_rng(0).standard_normal((1, 3, *objective.shape))
    return (batch(objective.content_picture) + 0.1 * noise).astype(np.float32)


def value_and_grad(objective: Objective, picture: Array) -> tuple[float, Array]:
    """Return (loss, gradient 1×3×H×W) of ours."""
    losses, gradient = objective.evaluate(picture)
    return float(losses.sum(dtype=np.float64)), gradient.copy()


def reference_value_and_grad(
    found: torch_reference.Objective, grey: GreyLevels, picture: Array
) -> tuple[float, Array]:
    """Return (loss, gradient) of PyTorch's, with respect to our pictures 1×3×H×W."""
    import torch

    loss, slope = found.value_and_grad(torch.from_numpy(grey.levels(picture)).requires_grad_())
    return loss, grey.picture_slope(slope.numpy())


def difference(a: tuple[float, Array], b: tuple[float, Array]) -> tuple[float, float]:
    """Return by how much two (loss, gradient) differ, relative to the second."""
    loss = abs(a[0] - b[0]) / abs(b[0])
    return loss, float(np.linalg.norm(a[1] - b[1]) / np.linalg.norm(b[1]))


def check(what: str, differs: tuple[float, float]) -> None:
    """Raise ArithmeticError where an fp32 engine differs from PyTorch's fp32 by more than rounding."""
    if not (differs[0] < LOSS_TOLERANCE and differs[1] < GRADIENT_TOLERANCE):
        raise ArithmeticError(
            f"{what} differs from PyTorch in loss by {differs[0]:.1e}, in gradient by {differs[1]:.1e}: "
            "they do not compute the same, and their times cannot be compared"
        )
