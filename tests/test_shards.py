"""One picture spread over several shards: the losses, gradient and optimiser of one process, to the bit."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nst_onnx import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.shard import Shard
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tiles.tiled import TiledEvaluation
from nst_onnx.optim.preconditioned_products import PreconditionedProducts
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import HostSpace
from nst_onnx.painting import presets
from nst_onnx.painting.flat_objective import flat_objective, to_vector
from nst_onnx.painting.optimiser_settings import OptimiserSettings
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.support.memory import Memory

HEIGHT, WIDTH = 420, 100
TILE = 130 * 130  # pixels; the picture is then four rows of tiles, or more
TEAMS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.open("compact", "cpu", threads=1)


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: TILE)


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH, channels: int = 3) -> np.ndarray:
    """Patches and noise; a fourth channel is transparent here and there."""
    rng = np.random.default_rng(seed)
    coarse = (
        rng.random((height // 6 + 1, width // 6 + 1, channels)).repeat(6, 0).repeat(6, 1)[:height, :width]
    )
    made = (0.1 + 0.6 * coarse + 0.2 * rng.random((height, width, channels))).astype(np.float32)
    if channels == 4:
        made[..., 3] = np.clip(2 * coarse[..., 3] - 0.5, 0, 1)
    return made


def objective(network: Network, team: LocalTeam | None, *, channels: int = 3, **options: Any) -> Objective:
    size = (WIDTH, HEIGHT)
    content, style = picture(0, channels=channels), picture(1, 90, 300)
    found = Objective(content, style, model=network, size=size, team=team, style_scale=0.3, **options)
    assert isinstance(found._evaluation, TiledEvaluation if team is None else ShardedEvaluation)
    assert len(found._evaluation.layout.bands) >= max(TEAMS)
    return found


class Elsewhere(LocalTeam):
    """Shards that get copies of everything, as from another process, which cannot be written to."""

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Do it with copies, and return one."""
        return _sent(super().ask(shard, method, *map(_sent, arguments)))


def _sent(value: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])


# ---- losses and gradient


@pytest.mark.parametrize(
    "options",
    [
        {"tv_weight": 0.3},
        {"pooling": "average"},
        {"pooling": "max"},
        {"content_weight": 0.0},
        {"style_weight": 0.0},
        {"channels": 4, "tv_weight": 0.1},
    ],
    ids=str,
)
def test_each_evaluation_is_that_of_one_process(network: Network, options: dict[str, Any]) -> None:
    x = np.ascontiguousarray(picture(2).transpose(2, 0, 1)[None])
    losses, gradient = objective(network, None, **options).evaluate(x)
    assert np.abs(gradient).max() > 0
    for size in TEAMS:
        found, slope = objective(network, Elsewhere(size), **options).evaluate(x)
        np.testing.assert_array_equal(found, losses)
        np.testing.assert_array_equal(slope, gradient)


def test_more_shards_than_rows_of_tiles(network: Network) -> None:
    """More, smaller tiles are made for them; where that cannot be, the picture is computed here."""
    loss, gradient = objective(network, None).value_and_grad(picture(2))
    spread = objective(network, LocalTeam(7))
    assert isinstance(spread._evaluation, ShardedEvaluation)
    assert len(spread._evaluation.layout.bands) >= 7
    found, slope = spread.value_and_grad(picture(2))
    assert found == pytest.approx(loss, rel=1e-5)
    assert np.linalg.norm(slope - gradient) < 1e-5 * np.linalg.norm(gradient)
    flat = Objective(picture(0, 60, 400), picture(1), model=network, size=(400, 60), team=LocalTeam(60))
    assert flat.sharded is None
    assert flat.losses(picture(2, 60, 400))["total"] > 0


def test_no_shard_waits_for_anothers_computing(network: Network) -> None:
    """A shard answers one question after another: rows are asked for before anybody is to compute."""
    asked: list[tuple[int, str]] = []

    class Listened(LocalTeam):
        def ask(self, shard: int, method: str, *arguments: Any) -> Any:
            asked.append((shard, method))
            return super().ask(shard, method, *arguments)

    spread = objective(network, Listened(3))
    asked.clear()
    spread.losses(picture(2))
    methods = [method for _, method in asked]
    last = max(
        i for i, method in enumerate(methods) if method == "rows" and i < methods.index("gradient_pieces")
    )
    assert last < min(methods.index("statistics"), methods.index("gradient"))
    assert sorted(shard for shard, method in asked if method == "gradient") == [0, 1, 2]


# ---- the optimiser


def descended(network: Network, team: LocalTeam, steps: int = 10) -> tuple[list[bytes], np.ndarray]:
    """All losses of some steps, and the picture then."""
    ground = flat_objective(objective(network, team, tv_weight=0.1))
    optimiser = OptimiserSettings.of(presets.find("default")).start(to_vector(picture(0)), ground)
    found = []
    for _ in range(steps):
        losses, gradient = ground(optimiser.x)
        found.append(losses.tobytes())
        optimiser.tell(float(losses.sum(dtype=np.float64)), gradient)
    return found, ground.host(optimiser.x).copy()


def test_ten_steps_are_the_same_whoever_takes_them(network: Network) -> None:
    losses, x = descended(network, LocalTeam(1))
    assert len(set(losses)) == len(losses)
    for size in TEAMS[2:]:  # two are those of the vectors on disk
        found, other = descended(network, Elsewhere(size))
        assert found == losses
        np.testing.assert_array_equal(other, x)


def test_vectors_on_disk_are_the_same(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    losses, x = descended(network, LocalTeam(2), 4)
    monkeypatch.setattr(Memory, "holds", lambda *_: False)
    team = LocalTeam(2)
    found, other = descended(network, team, 4)
    assert found == losses
    np.testing.assert_array_equal(other, x)
    kept = [vector for shard in team._shards for vector in shard._vectors.values()]
    assert kept
    assert all(isinstance(vector, np.memmap) for vector in kept)


def test_a_finished_picture_is_near_that_of_one_process(network: Network) -> None:
    """Sums are added up in another order: rounding, which an optimiser makes more of."""
    options = {"size": (WIDTH, HEIGHT), "steps": 6, "pyramid": False}
    alone = Stylizer(network).stylize(picture(0), picture(1), **options)
    spread = Stylizer(network, team=LocalTeam(3)).stylize(picture(0), picture(1), **options)
    assert np.abs(alone.array - picture(0)).max() > 0.02
    np.testing.assert_allclose(spread.array, alone.array, atol=1e-3)


# ---- the space


@pytest.fixture(params=TEAMS)
def spread(request: pytest.FixtureRequest, network: Network) -> ShardedEvaluation:
    found = objective(network, Elsewhere(request.param)).sharded
    assert found is not None
    return found


@pytest.fixture
def spaces(spread: ShardedEvaluation) -> tuple[Any, HostSpace]:
    """The shards' space and the host's."""
    return spread.space(), HostSpace(3 * HEIGHT * WIDTH)


def vectors(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.standard_normal(3 * HEIGHT * WIDTH).astype(np.float32) for _ in range(count)]


def test_sums_and_products(spaces: tuple[Any, HostSpace]) -> None:
    there, here = spaces
    a, b = vectors(2)
    x, y = map(there.take, (a, b))
    assert there.size == here.size
    np.testing.assert_array_equal(there.array(x), a)
    np.testing.assert_allclose(there.array(there.add(x, y, -0.3)), here.add(a, b, -0.3), rtol=1e-6, atol=1e-6)
    exact = float(np.dot(a.astype(np.float64), b.astype(np.float64)))
    assert there.dot(x, y) == pytest.approx(exact, abs=1e-6 * here.size**0.5)
    assert there.take(x) is x


def test_rows_of_vectors(spaces: tuple[Any, HostSpace]) -> None:
    there, here = spaces
    made = vectors(3)
    rows, expected = there.matrix(3), here.matrix(3)
    for i, vector in enumerate(made):
        rows.put(i, there.take(made[0]))
        rows.put(i, there.take(vector))
        expected.put(i, vector)
    np.testing.assert_array_equal(there.array(rows.get(2)), made[2])
    some = made[1:]
    products = rows.products([there.take(vector) for vector in some], 2)
    exact = np.array([[np.dot(r.astype(np.float64), v) for r in made[:2]] for v in some])
    assert products.shape == exact.shape
    np.testing.assert_allclose(products, exact, atol=1e-6 * here.size**0.5, rtol=1e-6)
    weights = np.array([0.5, -2.0])
    np.testing.assert_allclose(there.array(rows.combine(weights)), expected.combine(weights), atol=1e-5)


def test_the_preconditioner(spread: ShardedEvaluation) -> None:
    """As it begins, when it has learnt, and gone on with from a state."""
    space, there, here = spread.space(), spread.preconditioner(), Preconditioner((HEIGHT, WIDTH))

    def same() -> None:
        (v,) = vectors(1)
        expected = here(v)
        assert np.abs(expected - v).max() > 0.01
        np.testing.assert_allclose(space.array(there(space.take(v))), expected, atol=1e-3)

    same()
    pairs = vectors(8)
    for s, y in zip(pairs[::2], pairs[1::2], strict=True):
        y = here(y)
        squares = float(s @ s), float(y @ y)
        again = here.add_pair(here.dct(s), here.dct(y), squares)
        found = there.add_pair(there.dct(space.take(s)), there.dct(space.take(y)), squares)
        assert found == again
    assert again
    before = here(pairs[0])
    here.update_gain()
    there.update_gain()
    assert np.abs(here(pairs[0]) - before).max() > 0.01
    same()
    state = there.state()
    for name, value in here.state().items():
        np.testing.assert_allclose(state[name], value, rtol=1e-3)
    there.restore(here.state())
    same()


def test_products_by_waves(spread: ShardedEvaluation) -> None:
    """As on the host, also when the preconditioner has changed."""
    space, weights = spread.space(), np.array([-1.0, 2.0])
    there: PreconditionedProducts[Any] = PreconditionedProducts(spread.preconditioner(), 2)
    here: PreconditionedProducts[np.ndarray] = PreconditionedProducts(Preconditioner((HEIGHT, WIDTH)), 2)
    *gradients, s, total = vectors(8)

    def same() -> None:
        close = {"rtol": 1e-3, "atol": 1e-3 * abs(here.self_product(0))}
        np.testing.assert_allclose(there.products(1), here.products(1), **close)
        np.testing.assert_allclose(there.self_product(0), here.self_product(0), **close)
        applied = space.array(there.add_correction(space.take(total), weights))
        np.testing.assert_allclose(applied, here.add_correction(total, weights), atol=1e-3)

    for n, gradient in enumerate(gradients):
        there.set_gradient(space.take(gradient))
        here.set_gradient(gradient)
        if n:
            there.store_difference(0)
            here.store_difference(0)
            squares = float(s @ s), 1.0
            again = here.add_pair(0, s, squares)
            assert there.add_pair(0, space.take(s), squares) == again
            if again:
                more = here.update(1)
                np.testing.assert_allclose(there.update(1), more, atol=1e-3 * np.abs(more).max())
            same()
    assert np.abs(more).max() > 0.01 * abs(here.self_product(0))


# ---- what is kept


def kept(team: LocalTeam) -> Sequence[tuple[int, int, int]]:
    """How many stages, vectors and matrices each shard has."""
    return [(len(s._stages), len(s._vectors), len(s._matrices)) for s in team._shards]


def test_what_nobody_needs_is_forgotten(network: Network) -> None:
    """Vectors step by step, the optimiser's with it, and the stages of a picture with the next one."""
    team = LocalTeam(2)
    ground = flat_objective(objective(network, team))
    optimiser = OptimiserSettings.of(presets.find("default")).start(
        to_vector(picture(0)), ground, evaluations=4
    )
    counts = []
    for _ in range(10):
        losses, gradient = ground(optimiser.x)
        optimiser.tell(float(losses.sum(dtype=np.float64)), gradient)
        counts.append(kept(team)[0][1])
    assert max(counts[7:]) <= max(counts[:7]), "vectors of old steps are still there"
    del ground, optimiser, gradient
    gc.collect()
    second = objective(network, team)
    gc.collect()
    third = objective(network, team)
    assert all(stages <= 4 for stages, _, _ in kept(team)), "a content and a style, of two objectives"
    assert all(matrices == 0 for _, _, matrices in kept(team))
    assert second.losses(picture(2)) == third.losses(picture(2))


def test_a_team_that_is_gone_does_not_matter_any_more(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Vectors and pictures may go after their shards, without a word."""
    team = LocalTeam(2)
    spread = objective(network, team)
    assert spread.sharded is not None
    ground = flat_objective(spread)
    _, gradient = ground(ground.space().take(to_vector(picture(0))))
    assert isinstance(team._shards[0], Shard)

    def gone(*_: Any) -> Any:
        raise AssertionError("a dead shard is asked")

    monkeypatch.setattr(team, "ask", gone)
    del ground, gradient, spread
    gc.collect()
    assert capsys.readouterr().err == ""
