"""Networks of other shapes than VGG's, as PyTorch exports them: taken, painted with, their gradients exact.

    python -m benchmarks.networks [NAME …] [--exporters script dynamo] [--seed 0]

Needs PyTorch, torchvision and onnxscript. Networks have torchvision's random weights, with normalisations
measured on noise, so that features keep their size. Each is exported twice, traced at 224×224: whole, as
people have it, to be loaded and painted with; and its trunk with three layers. The gradient of a weighted sum
of their squares, at another size, is held against PyTorch's in float64. Prints a table and writes it to
benchmarks/results/networks.md and docs/models.md.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from benchmarks import machine
from benchmarks.double_precision import slope_error
from benchmarks.report import Part
from nst_onnx import Stylizer
from nst_onnx.graph import Graph, gradient
from nst_onnx.models import extractor
from nst_onnx.models.metadata import TORCHVISION
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime import Device, open_session
from nst_onnx.support.arrays import Array

RESULT = Path(__file__).parent / "results" / "networks.md"
PAGE = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- networks:begin -->", "<!-- networks:end -->"
TRACED, TESTED, PAINTED = (224, 224), (128, 160), 64
SMALL = (64, 96)  # of what the reference implementation computes, which is slow
STEPS = 10
CHANGE = 1e-6  # of a picture with the standard deviation 1
LAYERS = ("first", "middle", "last")
EXPORTERS = {"script": False, "dynamo": True}
ABOUT = f"""
Networks with random weights, exported by PyTorch's two exporters (script: TorchScript's; dynamo: the newer
one) with a picture of {TRACED[0]}×{TRACED[1]} and fixed sizes. Layers: those that nst-onnx finds in the whole
network. Painted: whether the loss fell in {STEPS} steps at {PAINTED} pixels, with its default layers. Error:
that of the gradient of a weighted sum of squares of three layers, at {TESTED[0]}×{TESTED[1]}, relative to its
length, against PyTorch's in float64. Beside it: the error of PyTorch's own float32; and how much the exact
gradient changes when the picture changes by {CHANGE:g}. A ReLU or a maximum that changes sides makes the
gradient jump, and in float32 some do. Rules: the error of the gradient by the same rules where all is
computed in float64, against differences of the graph's own loss, at {SMALL[0]}×{SMALL[1]}.
"""

OLDER = "–: of an earlier run, which painted 3 steps and did not compute this column"


@dataclass(frozen=True)
class Shape:
    """A network, and the names of three of its layers in torchvision's graph."""

    make: Callable[[], Any]
    layers: tuple[str, str, str]


def shapes() -> dict[str, Shape]:
    """Return the networks by name."""
    import torchvision

    def of(name: str, *layers: str, **how: Any) -> Shape:
        first, middle, last = layers
        return Shape(lambda: getattr(torchvision.models, name)(weights=None, **how), (first, middle, last))

    return {
        "AlexNet with LRN": Shape(_classic, ("1", "6", "14")),
        "GoogLeNet": of("googlenet", "conv1", "inception3b", "inception5b", init_weights=True),
        "ResNet-18": of("resnet18", "relu", "layer2", "layer4"),
        "EfficientNet-B0": of("efficientnet_b0", "features.0", "features.4", "features.8"),
        "ConvNeXt": of("convnext_tiny", "features.0", "features.3", "features.7"),
        "MobileNet 3": of("mobilenet_v3_small", "features.0", "features.4", "features.12"),
        "DenseNet-121": of("densenet121", "features.relu0", "features.transition2.relu", "features.norm5"),
        "ShuffleNet 2": of("shufflenet_v2_x1_0", "conv1", "stage3", "conv5"),
        "SqueezeNet": of("squeezenet1_1", "features.1", "features.6", "features.12"),
        "MobileNet 2": of("mobilenet_v2", "features.0", "features.6", "features.18"),
        "AlexNet": of("alexnet", "features.1", "features.4", "features.11"),
    }


def _classic() -> Any:
    """AlexNet as published: local response normalisation, convolutions in two groups, overlapping pooling."""
    from torch import nn

    def conv(inputs: int, outputs: int, kernel: int, **how: int) -> list[Any]:
        return [nn.Conv2d(inputs, outputs, kernel, **how), nn.ReLU()]

    def narrowed() -> list[Any]:
        return [nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0), nn.MaxPool2d(3, 2)]

    return nn.Sequential(
        *(*conv(3, 96, 11, stride=4, padding=2), *narrowed()),
        *(*conv(96, 256, 5, padding=2, groups=2), *narrowed()),
        *(*conv(256, 384, 3, padding=1), *conv(384, 384, 3, padding=1, groups=2)),
        *(*conv(384, 256, 3, padding=1, groups=2), nn.MaxPool2d(3, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10)),
    )


def calibrated(model: Any, seed: int) -> Any:
    """Return the network for inference, its normalisations measured on noise."""
    import torch

    model.train()
    normalisations = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for module in model.modules():
        if module in normalisations:
            module.momentum = None  # a plain mean over the passes
        elif isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(4, 3, *TRACED, generator=generator))
    for module in normalisations:
        module.momentum = 0.1  # the exporters trace it, though it has no effect any more
    return model.eval()


def trunk(model: Any, shape: Shape) -> Any:
    """Return a network with the three layers as outputs."""
    from torchvision.models.feature_extraction import create_feature_extractor

    names = dict(zip(shape.layers, LAYERS, strict=True))
    return create_feature_extractor(model, return_nodes=names).eval()


def export(model: Any, path: Path, exporter: str, names: list[str]) -> None:
    """Write an ONNX file, as people do: one picture of the usual size, no dynamic axes."""
    import torch

    picture = (torch.zeros(1, 3, *TRACED),)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, picture, str(path), dynamo=EXPORTERS[exporter], input_names=["picture"], output_names=names
        )


@dataclass(frozen=True)
class Differentiated:
    """A trunk's graph, with a weighted sum of squares and its gradient by our rules as outputs."""

    model: onnx.ModelProto
    picture: str
    loss: str
    slope: str

    @classmethod
    def of(cls, path: Path, weights: dict[str, float]) -> Differentiated:
        """Load a trunk and differentiate it."""
        found = extractor.load(path, preprocessing=TORCHVISION)
        missing = set(LAYERS) - set(found.layers)
        if missing:
            raise ValueError(f"{path.name} lost {', '.join(sorted(missing))}")
        g = Graph.from_model(found.proto)
        terms = [
            g.op("Mul", g.op("ReduceSumSquare", name, keepdims=0), g.constant(weights[name]))
            for name in LAYERS
        ]
        loss = g.op("Sum", *terms)
        slope = gradient(g, loss, found.input)
        return cls(g.model([loss, slope]), found.input, loss, slope)

    def gradient(self, picture: Array) -> Array:
        """Return the gradient as onnxruntime computes it, in float32."""
        own = onnx.ModelProto.FromString(self.model.SerializeToString())  # the session moves its weights
        return open_session(own, Device("cpu")).run({self.picture: picture}, [self.slope])[self.slope]

    def error_of_rules(self, seed: int) -> float:
        """Return the error of the gradient along a direction, all in float64."""
        picture = np.random.default_rng(seed).standard_normal((1, 3, *SMALL))
        return slope_error(self.model, self.loss, self.slope, {self.picture: picture}, seed)


def torch_gradient(
    network: Any, weights: dict[str, float], picture: npt.NDArray[Any], *, double: bool
) -> Array:
    """Return the same gradient by PyTorch, in float64 or float32."""
    import torch

    kind = torch.float64 if double else torch.float32
    network = network.to(kind)
    x = torch.tensor(picture, dtype=kind, requires_grad=True)
    features = network(x)
    sum(weights[name] * features[name].square().sum() for name in LAYERS).backward()
    assert x.grad is not None
    network.to(torch.float32)
    return np.asarray(x.grad.numpy())


def error(found: Array, exact: Array) -> float:
    """Return |found − exact| / |exact|."""
    exact = exact.astype(np.float64)
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def painted(path: Path, seed: int) -> tuple[int, list[str], bool]:
    """Load a whole network and paint with it: (number of layers, warnings, whether the loss fell)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = extractor.load(path, preprocessing=TORCHVISION)
    told = [str(w.message) for w in caught if w.category.__module__.startswith("nst_onnx")]
    rng = np.random.default_rng(seed)
    content, style = (_smooth(rng) for _ in range(2))
    stylizer = Stylizer(Network(found, Device("cpu"), threads=0))
    result = stylizer.stylize(content, style, size=PAINTED, steps=STEPS, pyramid=False, min_change=0)
    first, last = (result.history[i]["total"] for i in (0, -1))
    return len(found.layers), told, bool(np.isfinite(result.array).all() and last < first)


def _smooth(rng: np.random.Generator) -> Array:
    coarse = rng.random((PAINTED // 8, PAINTED // 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
    return np.asarray(0.2 + 0.6 * coarse, np.float32)


def measured(name: str, shape: Shape, exporters: list[str], seed: int, folder: Path) -> Iterator[list[str]]:
    """Yield a row for each exporter."""
    import torch

    class Tuple(torch.nn.Module):  # type: ignore[misc]  # torch is not there where types are checked
        """The trunk's layers as a tuple."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            features = self.inner(x)
            return tuple(features[layer] for layer in LAYERS)

    torch.manual_seed(seed)
    whole = calibrated(shape.make(), seed)
    cut = trunk(whole, shape)
    picture = np.random.default_rng(seed).standard_normal((1, 3, *TESTED)).astype(np.float32)
    with torch.no_grad():
        features = cut(torch.tensor(picture))
    weights = {layer: 1 / float(features[layer].square().sum()) for layer in LAYERS}
    exact = torch_gradient(cut, weights, picture, double=True)
    theirs = error(torch_gradient(cut, weights, picture, double=False), exact)
    moved = picture + CHANGE * np.random.default_rng(seed + 1).standard_normal(picture.shape)
    jump = error(torch_gradient(cut, weights, moved, double=True), exact)
    for exporter in exporters:
        export(whole, folder / "whole.onnx", exporter, ["scores"])
        export(Tuple(cut).eval(), folder / "trunk.onnx", exporter, list(LAYERS))
        opset = onnx.load(folder / "whole.onnx", load_external_data=False).opset_import[0].version
        layers, told, fell = painted(folder / "whole.onnx", seed)
        differentiated = Differentiated.of(folder / "trunk.onnx", weights)
        ours, rules = error(differentiated.gradient(picture), exact), differentiated.error_of_rules(seed)
        for line in told:
            print(f"{name}: {line}", flush=True)
        count = f"{layers}{'*' if told else ''}"
        errors = (f"{value:.1e}" for value in (ours, theirs, jump, rules))
        yield [name, exporter, str(opset), count, "yes" if fell else "no", *errors]


def run(names: list[str], exporters: list[str], seed: int) -> Iterator[Part]:
    """Yield the table as it grows, after every network."""
    errors = ("error", "PyTorch's own", "of a change", "rules")
    header = ("network", "exporter", "opset", "layers", "painted", *errors)
    part = Part("Networks of other shapes", ABOUT, header)
    known = shapes()
    kept = {name: [pad(row, len(header)) for row in rows] for name, rows in stored().items()}
    rows = {name: kept.get(name, []) for name in known}  # an interrupted run loses none
    for name in names or known:
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = []
            for row in measured(name, known[name], exporters, seed, Path(folder)):
                rows[name].append(row)
                print(*row, sep="  ", flush=True)
        part.rows = [row for of_network in rows.values() for row in of_network]
        part.notes = []
        if any("*" in row[3] for row in part.rows):
            part.notes.append("*: some of its layers were left out, with a warning")
        if any("–" in row for row in part.rows):
            part.notes.append(OLDER)
        yield part


def pad(row: list[str], length: int) -> list[str]:
    """Return a row of an earlier run with "–" in the columns that it lacks."""
    return [*row, *["–"] * (length - len(row))]


def stored() -> dict[str, list[list[str]]]:
    """Return the rows of an earlier run, by network."""
    rows: dict[str, list[list[str]]] = {}
    for line in RESULT.read_text("utf-8").splitlines() if RESULT.is_file() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] in shapes():
            rows.setdefault(cells[0], []).append(cells)
    return rows


def show(text: str) -> None:
    """Put the table between the marks in docs/models.md."""
    table = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="of the table, whose other rows are kept; all by default"
    )
    parser.add_argument("--exporters", nargs="+", choices=EXPORTERS, default=list(EXPORTERS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(shapes())):
        parser.error(f"there is no network {unknown[0]}; there are {', '.join(shapes())}")
    facts = machine.facts()
    used = ("processor", "onnxruntime", "torch")
    conditions = ", ".join(f"{name} {facts[name]}" for name in used if name in facts)
    more = ", ".join(f"{name} {machine.installed(name)}" for name in ("torchvision", "onnxscript"))
    about = "Written by `python -m benchmarks.networks`; nothing here is typed."
    of_run = (
        f" This run: {', '.join(given.names)}; the other rows are of earlier runs." if given.names else ""
    )
    for part in run(given.names, given.exporters, given.seed):
        text = "\n\n".join(
            ["# Networks", about, part.markdown(), f"*Measured with {conditions}, {more}.{of_run}*"]
        )
        RESULT.write_text(f"{text}\n", encoding="utf-8")
        show(text)
    print(text)


if __name__ == "__main__":
    main()
