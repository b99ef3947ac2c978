"""Networks of PyTorch's usual building blocks, as PyTorch exports them: the gradient is that of autograd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from nst_onnx.graph import Graph, gradient
from nst_onnx.models import extractor
from nst_onnx.models.metadata import TORCHVISION

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
nn, functional = torch.nn, torch.nn.functional


class Excitation(nn.Module):
    """Squeeze-and-excitation: channels weighed by what is in the picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(channels, 4, 1), nn.Linear(4, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        squeezed = torch.relu(self.squeeze(functional.adaptive_avg_pool2d(x, 1)))
        return x * torch.sigmoid(self.excite(squeezed.mean((2, 3))))[:, :, None, None]


class Network(nn.Module):
    """A residual block of depthwise and dilated convolutions between pooling layers of every kind."""

    def __init__(self, padding_mode: str, up: bool) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8)
        nn.init.uniform_(self.norm.running_mean, -1, 1)
        nn.init.uniform_(self.norm.running_var, 0.5, 2)
        self.depth = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)
        self.point, self.excitation = nn.Conv2d(8, 8, 1), Excitation(8)
        self.wide = nn.Conv2d(8, 12, 5, padding=2, padding_mode=padding_mode)
        self.last, self.up = nn.Conv2d(12, 6, 3), up

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(torch.relu(self.norm(self.stem(picture))), 3, 2, 1, ceil_mode=self.up)
        x = torch.relu(x + self.excitation(functional.relu6(self.point(self.depth(x)))))
        x = functional.leaky_relu(self.wide(x), 0.1)
        x = functional.avg_pool2d(x, 3, 2, 1, ceil_mode=self.up, count_include_pad=not self.up)
        return torch.relu(self.last(torch.cat([x, torch.tanh(x)], 1)[:, 2:14]))


@pytest.mark.parametrize(("padding_mode", "up"), [("reflect", False), ("replicate", True)])
@pytest.mark.parametrize("opset", [11, 17, 18])
@pytest.mark.filterwarnings("ignore")  # the exporter's own
def test_gradient_is_autograds(padding_mode: str, up: bool, opset: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, path = Network(padding_mode, up).eval(), tmp_path / "network.onnx"
    example = torch.rand(1, 3, 64, 64)
    torch.onnx.export(network, (example,), path, input_names=["x"], opset_version=opset, dynamo=False)
    loaded = extractor.load(path, preprocessing=TORCHVISION)

    g = Graph.from_model(loaded.proto)
    slope = gradient(g, g.op("ReduceSumSquare", loaded.layers[-1], keepdims=0), "x")
    x = np.random.default_rng(1).standard_normal((1, 3, 61, 75)).astype(np.float32)
    session = ort.InferenceSession(g.model([slope]).SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})

    wide = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (network.double()(wide) ** 2).sum().backward()
    expected = wide.grad.numpy()
    assert np.linalg.norm(expected) > 0
    assert np.linalg.norm(found - expected) < 1e-5 * np.linalg.norm(expected)
