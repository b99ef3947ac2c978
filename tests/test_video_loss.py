"""The temporal consistency loss against an independent float64 computation."""

from __future__ import annotations

import numpy as np
import pytest
from support import independent
from support.networks import vgg_network, vgg_weights
from test_objective import hold, pictures

from nst_onnx import Objective
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network

HEIGHT, WIDTH = 42, 50


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


def objective(network: Network, held_to: Temporal | None) -> Objective:
    content, style = pictures((HEIGHT, WIDTH), (HEIGHT, WIDTH))
    layers = {"content_layers": ("conv2_1",), "style_layers": ("conv1_1", "conv3_1")}
    return Objective(
        content, style, model=network, size=(WIDTH, HEIGHT), held_to=held_to, content_weight=0.3, **layers
    )


def test_loss_and_gradient(network: Network) -> None:
    content, style = pictures((HEIGHT, WIDTH), (HEIGHT, WIDTH))
    (warped,) = pictures((HEIGHT, WIDTH), seed=8)
    trust = np.random.default_rng(2).random((HEIGHT, WIDTH)).astype(np.float32)
    trust[:9] = 0  # the gradient of what cannot be trusted must not come from a square root of zero
    features = independent.vgg(vgg_weights().layers, "average", margin=16)
    p, a = features(content.astype(np.float64)), features(style.astype(np.float64))
    others = independent.scale_free(("conv2_1",), ("conv1_1", "conv3_1"), 0.3, 1.0, 0.0)

    def reference(x: np.ndarray) -> float:
        held = np.sum(trust[..., None].astype(np.float64) * (x - warped) ** 2) / (3 * HEIGHT * WIDTH)
        return others(features(x), p, a, x) + 7.0 * float(held)

    hold(objective(network, Temporal(warped, trust, weight=7.0)), reference)


def test_it_is_told_by_name_beside_the_others(network: Network) -> None:
    (warped,) = pictures((HEIGHT, WIDTH), seed=8)
    everywhere = np.ones((HEIGHT, WIDTH), np.float32)
    held = objective(network, Temporal(warped, everywhere, weight=2.0))
    free = objective(network, None).losses(warped + 0.1)
    losses = held.losses(warped + 0.1)
    assert losses.pop("temporal") == pytest.approx(2.0 * 0.1**2, rel=1e-4)
    assert losses.pop("total") == pytest.approx(free.pop("total") + 2.0 * 0.1**2, rel=1e-5)
    assert losses == pytest.approx(free, rel=1e-5)
    assert "temporal" not in free


def test_what_cannot_be_trusted_has_no_say(network: Network) -> None:
    (warped,) = pictures((HEIGHT, WIDTH), seed=8)
    picture = np.random.default_rng(0).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    nowhere = Temporal(warped, np.zeros((HEIGHT, WIDTH), np.float32), weight=100.0)
    loss, gradient = objective(network, nowhere).value_and_grad(picture)
    expected, slope = objective(network, None).value_and_grad(picture)
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient, slope, atol=1e-6 * float(np.abs(slope).max()))
