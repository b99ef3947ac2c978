"""The measured objective, ours and PyTorch's: neural-style's losses at a network's default layers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.engines import Engine
from benchmarks.grey_levels import GreyLevels
from benchmarks.pairs import Pair
from nst_onnx import Objective
from nst_onnx.graph import external_data
from nst_onnx.graph.passes.network_edits import Pooling
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import batch
from nst_onnx.support.arrays import Array

if TYPE_CHECKING:
    from benchmarks import torch_reference

Values = tuple[float, Array]
"""A loss, and its gradient 1×3×H×W."""

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
        pooling=pooling(network.extractor),
    )


def pooling(extractor: Extractor) -> Pooling:
    """Return the network's own pooling."""
    return "average" if any(n.op_type == "AveragePool" for n in extractor.proto.graph.node) else "max"


def chain(extractor: Extractor) -> torch_reference.Network:
    """Return the network for the PyTorch reference. Raises ValueError where it is no plain chain."""
    from benchmarks import torch_reference

    stored = {t.name: t for t in extractor.proto.graph.initializer}
    layers: list[tuple[str, str]] = []
    weights: dict[str, tuple[Array, Array]] = {}
    current: tuple[Array, Array] | None = None
    for node in extractor.proto.graph.node:
        if node.op_type == "Conv":
            kernel, *biases = (np.array(external_data.to_array(stored[name])) for name in node.input[1:])
            current = kernel, biases[0] if biases else np.zeros(len(kernel), np.float32)
            if node.output[0] in extractor.layers:  # no ReLU behind it
                layers.append(("read_out", node.output[0]))
                weights[node.output[0]] = current
        elif node.op_type == "Relu" and current is not None:
            layers.append(("conv", node.output[0]))
            weights[node.output[0]] = current
        elif node.op_type in ("MaxPool", "AveragePool"):
            layers.append(("pool", pooling(extractor)))
        else:
            raise ValueError(f"the PyTorch reference has no {node.op_type}: only plain VGGs can be compared")
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
    """Return a picture 1×3×H×W to evaluate at: the content plus noise."""
    noise = np.random.default_rng(0).standard_normal((1, 3, *objective.shape))
    return (batch(objective.content_picture) + 0.1 * noise).astype(np.float32)


@dataclass(frozen=True)
class Subject:
    """One way to evaluate the objective at the trial picture.

    `differs`: relative differences of its loss and its gradient to PyTorch's in fp32.
    """

    label: str
    precision: str
    ours: bool
    evaluate: Callable[[], object]
    differs: tuple[float, float]


def subjects(networks: Mapping[Engine, Network], pair: Pair, size: int | tuple[int, int]) -> list[Subject]:
    """Return ours on every engine, and PyTorch in every configuration.

    Raises ArithmeticError where one in fp32 differs by more than rounding.
    """
    from benchmarks.torch_reference import configurations

    mine = {engine: ours(network, pair, size) for engine, network in networks.items()}
    some = next(iter(mine.values()))
    picture = trial_picture(some)
    found: list[Subject] = []
    exact: Values | None = None
    for configuration in configurations():  # plain fp32 first
        evaluate, values = in_torch(some, configuration, picture)
        exact = exact or values
        found.append(
            Subject(str(configuration), configuration.kind, False, evaluate, difference(values, exact))
        )
    assert exact is not None
    for engine, objective in mine.items():
        losses, gradient = objective.evaluate(picture)
        differs = difference((float(losses.sum(dtype=np.float64)), gradient), exact)
        evaluate = partial(objective.evaluate, picture)
        found.append(Subject(str(engine), engine.precision, True, evaluate, differs))
    for subject in found:
        if subject.precision == "fp32":
            check(subject)
    return found


def in_torch(
    objective: Objective, configuration: torch_reference.Configuration, picture: Array
) -> tuple[Callable[[], object], Values]:
    """Return PyTorch's evaluation at a picture, and its (loss, gradient) with respect to that picture."""
    import torch

    theirs, grey = reference(objective, configuration), grey_levels(objective.network.extractor)
    x = torch.from_numpy(grey.levels(picture)).requires_grad_()
    loss, gradient = theirs.value_and_grad(x)
    return partial(theirs.value_and_grad, x), (loss, grey.picture_gradient(gradient.numpy()))


def difference(a: Values, b: Values) -> tuple[float, float]:
    """Return the relative differences of two (loss, gradient), by the second."""
    loss = abs(a[0] - b[0]) / abs(b[0])
    return loss, float(np.linalg.norm(a[1] - b[1]) / np.linalg.norm(b[1]))


def check(subject: Subject) -> None:
    """Raise ArithmeticError where a subject differs from PyTorch's fp32 by more than rounding."""
    loss, gradient = subject.differs
    if not (loss < LOSS_TOLERANCE and gradient < GRADIENT_TOLERANCE):
        raise ArithmeticError(
            f"{subject.label} differs from PyTorch in loss by {loss:.1e}, in gradient by {gradient:.1e}: "
            "they compute different objectives, and their times cannot be compared"
        )


def best(subjects: Iterable[Subject], seconds: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """Return {precision: label of PyTorch's fastest configuration}, by the median."""
    found: dict[str, str] = {}
    for subject in sorted(subjects, key=lambda subject: statistics.median(seconds[subject.label])):
        if not subject.ours:
            found.setdefault(subject.precision, subject.label)
    return found
