"""Picture and optimiser on the device: the same as on the host, held on onnxruntime's CPU provider."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.networks import CPU, vgg_network, vgg_weights

from nst_onnx import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.optim import LBFGS
from nst_onnx.optim.device_space import DevicePreconditioner, DeviceSpace
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import HostSpace
from nst_onnx.painting import presets
from nst_onnx.painting.flat_objective import DeviceFlatObjective, HostFlatObjective, to_vector
from nst_onnx.painting.optimiser_settings import OptimiserSettings, carry_over
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.runtime import BACKENDS
from nst_onnx.runtime.device_tensors import fetch, put

SHAPE = (36, 48)
RNG = np.random.default_rng(0)
CONTENT, STYLE = RNG.random((*SHAPE, 3), np.float32), RNG.random((40, 40, 3), np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8)))


@pytest.fixture(scope="module")
def objective(network: Network) -> Objective:
    return Objective(CONTENT, STYLE, model=network, size=SHAPE[::-1])


def test_host_and_device_give_the_same_losses_and_gradients(objective: Objective) -> None:
    x = to_vector(RNG.random((*SHAPE, 3), np.float32))
    losses, slope = (part.copy() for part in HostFlatObjective(objective)(x))
    there, gradient = DeviceFlatObjective(objective)(put(x, CPU))
    np.testing.assert_allclose(there, losses, rtol=1e-5)
    np.testing.assert_allclose(fetch(gradient), slope, rtol=1e-4, atol=1e-7 * np.abs(slope).max())
    again, _ = HostFlatObjective(objective)(x)  # after a tensor stood in for the input
    np.testing.assert_array_equal(again, losses)


def test_space_operations_on_the_device() -> None:
    a, b, c = (RNG.standard_normal(1000).astype(np.float32) for _ in range(3))
    here, there = HostSpace(1000), DeviceSpace(1000, CPU)
    np.testing.assert_allclose(
        fetch(there.add(put(a, CPU), put(b, CPU), -0.3)), here.add(a, b, -0.3), rtol=1e-5
    )
    assert there.dot(put(a, CPU), put(b, CPU)) == pytest.approx(here.dot(a, b), rel=1e-4)
    rows, tensors = here.matrix(3), there.matrix(3)
    for i, vector in enumerate((a, b, c)):
        rows.put(i, vector)
        tensors.put(i, put(vector, CPU))
    np.testing.assert_allclose(
        tensors.products([put(a, CPU), put(b, CPU)], 2), rows.products([a, b], 2), rtol=1e-4
    )
    weights = np.array([0.5, -2.0, 3.0])
    np.testing.assert_allclose(fetch(tensors.combine(weights)), rows.combine(weights), rtol=1e-4, atol=1e-5)
    assert there.take(there.take(a)) is not None
    np.testing.assert_array_equal(there.array(there.take(a)), a)


@pytest.mark.parametrize("shape", [(36, 48), (5, 300), (64, 33)])
def test_the_preconditioner_is_the_same(shape: tuple[int, int]) -> None:
    here, there = Preconditioner(shape), DevicePreconditioner(shape, CPU)
    for _ in range(5):
        s, y = (RNG.standard_normal(3 * shape[0] * shape[1]).astype(np.float32) for _ in range(2))
        squares = float(s @ s), float(y @ y)
        due = here.add_pair(here.dct(s), here.dct(y), squares)
        assert there.add_pair(there.dct(put(s, CPU)), there.dct(put(y, CPU)), squares) == due
    here.update_gain()
    there.update_gain()
    tolerance = {"rtol": 1e-3, "atol": 1e-4 * float(np.abs(here(s)).max())}
    np.testing.assert_allclose(fetch(there(put(s, CPU))), here(s), **tolerance)
    coefficients = here.dct(y)
    atol = 1e-4 * float(np.abs(coefficients).max())
    np.testing.assert_allclose(fetch(there.dct(put(y, CPU))), coefficients, atol=atol)
    np.testing.assert_allclose(
        fetch(there.apply_excess_gain(put(coefficients, CPU))),
        here.apply_excess_gain(coefficients),
        rtol=1e-4,
        atol=atol,
    )
    np.testing.assert_allclose(
        fetch(there.add_inverse_dct(put(s, CPU), put(coefficients, CPU))),
        here.add_inverse_dct(s, coefficients),
        **tolerance,
    )
    fresh = DevicePreconditioner(shape, CPU)
    fresh.restore(here.state())
    np.testing.assert_allclose(fetch(fresh(put(s, CPU))), here(s), **tolerance)


@pytest.mark.parametrize("kind", ["preconditioned", "lbfgs"])
def test_host_and_device_descend_alike(kind: str, objective: Objective) -> None:
    found = []
    for ground in (HostFlatObjective(objective), DeviceFlatObjective(objective)):
        optimiser = OptimiserSettings.of(presets.find("default"), kind).start(to_vector(CONTENT), ground)
        losses = []
        for _ in range(12):
            terms, slope = ground(optimiser.x)
            losses.append(float(terms.sum()))
            optimiser.tell(losses[-1], slope)
        found.append(losses)
    np.testing.assert_allclose(found[1][:3], found[0][:3], rtol=1e-3)  # later, rounding has grown
    first, last = found[0][0], found[0][-1]
    assert last < 0.5 * first
    assert first - found[1][-1] > 0.95 * (first - last)


def test_an_optimiser_on_the_device_resumes_from_its_state(objective: Objective) -> None:
    ground = DeviceFlatObjective(objective)

    def descend(optimiser: LBFGS, steps: int) -> np.ndarray:
        for _ in range(steps):
            terms, slope = ground(optimiser.x)
            optimiser.tell(float(terms.sum()), slope)
        return ground.host(optimiser.x)

    preset = presets.find("default")
    optimiser = OptimiserSettings.of(preset).start(to_vector(CONTENT), ground)
    descend(optimiser, 6)
    other = OptimiserSettings.of(preset).start(to_vector(STYLE[:36].repeat(2, 1)[:, :48]), ground)
    other.restore(optimiser.state())
    np.testing.assert_array_equal(descend(other, 5), descend(optimiser, 5))


@pytest.mark.parametrize("kind", [HostFlatObjective, DeviceFlatObjective])
def test_a_level_begins_with_the_scaling_of_the_level_before(
    kind: type[HostFlatObjective | DeviceFlatObjective], objective: Objective
) -> None:
    ground, settings = kind(objective), OptimiserSettings.of(presets.find("default"))
    before = settings.start(to_vector(CONTENT), ground)
    for _ in range(8):
        terms, slope = ground(before.x)
        before.tell(float(terms.sum()), slope)
    level = settings.start(to_vector(CONTENT), ground, warm_start=carry_over(before))
    start = ground.host(level.x).copy()
    terms, slope = ground(level.x)
    level.tell(float(terms.sum()), slope)
    step = -before.first_quotient * ground.host(level.preconditioner(slope))
    assert np.abs(step).max() > 0.01
    np.testing.assert_allclose(ground.host(level.x) - start, step, rtol=1e-3, atol=1e-3)


def test_a_painting_whose_picture_stays_on_the_device(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = {"size": 200, "steps": 14, "min_change": 0.5}
    here = Stylizer(network).stylize(CONTENT, STYLE, **options)
    monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], vectors_on_device=True))
    stylizer = Stylizer(network)
    there = stylizer.stylize(CONTENT, STYLE, **options)
    first, last = here.history[0]["total"], here.losses["total"]
    assert there.history[0]["total"] == pytest.approx(first, rel=1e-4)
    assert first - there.losses["total"] > 0.95 * (first - last)
    assert np.abs(there.array - here.array).mean() < 0.02
    for step in stylizer.steps(CONTENT, STYLE, **options):
        assert step.array.shape == (*step.shape, 3)
        if step.iteration == 9:
            saved = step.checkpoint()
            break
    resumed = stylizer.stylize(CONTENT, STYLE, resume=saved, **options)
    np.testing.assert_array_equal(resumed.array, there.array)
