"""Optimisers on functions with known minima."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
import threadpoolctl

from nst_onnx.optim import LBFGS, Adam, Average, HostSpace, Optimiser, Preconditioner
from nst_onnx.optim.correction_pairs import Scaling, geometric_mean_scaling, newest_pair_scaling
from nst_onnx.optim.lbfgs import LineSearch, cubic_minimum
from nst_onnx.optim.threads import parallel_map, single_blas_thread, split_in_two
from nst_onnx.support import disk_arrays

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]


def rosenbrock(x: np.ndarray) -> tuple[float, np.ndarray]:
    x = x.astype(np.float64)
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[1:] += 200 * a
    g[:-1] += -400 * x[:-1] * a - 2 * b
    return float((100 * a**2 + b**2).sum()), g.astype(np.float32)


def bowl(n: int = 40, condition: float = 1e3) -> Function:
    scale = np.geomspace(1, condition, n)
    centre = np.linspace(-1, 1, n)

    def f(x: np.ndarray) -> tuple[float, np.ndarray]:
        d = x.astype(np.float64) - centre
        return float((scale * d**2).sum() / 2), (scale * d).astype(np.float32)

    return f


def walk(optimiser: Optimiser, f: Function, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        loss, gradient = f(optimiser.x)
        losses.append(loss)
        optimiser.tell(loss, gradient)
    return losses


def zeros(n: int) -> np.ndarray:
    return np.zeros(n, np.float32)


def test_lbfgs_finds_the_minimum() -> None:
    assert min(walk(LBFGS(zeros(10)), rosenbrock, 150)) < 1e-6


def test_lbfgs_needs_far_fewer_evaluations_than_gradient_descent() -> None:
    start = bowl()(zeros(40))[0]
    found = min(walk(LBFGS(zeros(40)), bowl(), 60))
    descent = start * (1 - 2 / (1e3 + 1)) ** (2 * 60)  # the best fixed step's rate on this bowl
    assert found < 1e-3 * descent


def test_line_search_never_accepts_a_rise() -> None:
    """Accepted points are those from which the optimiser sets out: their losses never rise."""
    optimiser = LBFGS(zeros(10), learning_rate=3.0)
    accepted = []
    for _ in range(80):
        before = optimiser._base
        loss, gradient = rosenbrock(optimiser.x)
        asked = optimiser.x
        optimiser.tell(loss, gradient)
        if optimiser._base is asked and before is not asked:
            accepted.append(loss)
    assert len(accepted) > 20
    assert all(b <= a * (1 + 1e-5) for a, b in itertools.pairwise(accepted))


def test_nonmonotone_line_search_compares_with_the_last_losses() -> None:
    optimiser = LBFGS(zeros(2), line_search=LineSearch(lookback=3), learning_rate=0.1)
    gradient = np.array([1, 0.5], np.float32)
    for loss in (10.0, 8.0, 6.0):
        optimiser.tell(loss, gradient)
        gradient = gradient * np.float32(0.9)
    asked = optimiser.x
    optimiser.tell(9.9, gradient)
    assert optimiser._base is asked
    refused = optimiser.x
    optimiser.tell(9.95, gradient)  # 10 is too long ago
    assert optimiser._base is asked
    assert 0 < np.abs(optimiser.x - asked).max() < np.abs(refused - asked).max()


def test_accept_next_skips_one_sufficient_decrease_test() -> None:
    optimiser = LBFGS(zeros(2), learning_rate=0.1)
    optimiser.tell(1.0, np.array([1, 0.5], np.float32))
    optimiser.accept_next()
    asked = optimiser.x
    optimiser.tell(5.0, np.array([0.9, 0.4], np.float32))
    assert optimiser._base is asked
    optimiser.tell(5.1, np.array([0.8, 0.3], np.float32))
    assert optimiser._base is asked


def blas_threads() -> set[int]:
    """How many threads numpy's library has; scipy brings one of its own, maybe later."""
    return {
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas" and "scipy.libs" not in library["filepath"]
    }


def test_blas_uses_one_thread_inside_the_block_only() -> None:
    before = blas_threads()
    if not before:
        pytest.skip("numpy's matrix products here come from no library whose threads can be counted")
    with single_blas_thread():
        assert blas_threads() == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("length", [1, 2, 7, 41])
def test_split_in_two_partitions_any_length(length: int) -> None:
    for size in (10, 1 << 20):
        parts = split_in_two(length, size)
        assert len(parts) == (2 if size > 10 and length > 1 else 1)
        assert [n for part in parts for n in range(length)[part]] == list(range(length))


def test_parallel_map_keeps_the_order() -> None:
    first = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert first.wait(60)  # until the other, which is done before it
        else:
            first.set()
        return item

    assert parallel_map(work, [0, 1]) == [0, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
def test_a_forked_process_has_its_own_thread_pool() -> None:
    code = (
        "import os; from nst_onnx.optim.threads import parallel_map; parallel_map(abs, [1, 2]);"
        "child = os.fork(); found = parallel_map(abs, [-3, -4]); assert found == [3, 4];"
        "child or os._exit(0); assert os.waitpid(child, 0)[1] == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_products_of_two_threads_are_those_of_one() -> None:
    rng, size = np.random.default_rng(0), 1 << 18
    assert len(split_in_two(5, size)) == 2
    vectors = rng.standard_normal((5, size)).astype(np.float32)
    rows = HostSpace(size).matrix(5)
    for k, vector in enumerate(vectors):
        rows.put(k, vector)
    wanted = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    for count in (1, 2, 5):
        np.testing.assert_allclose(
            rows.products(list(vectors[:2]), count), wanted[:2, :count], rtol=1e-4, atol=0.1
        )
        weights = rng.standard_normal(count)
        np.testing.assert_allclose(rows.combine(weights), weights @ vectors[:count], rtol=1e-4, atol=1e-4)


def test_an_optimiser_works_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []
    optimiser = LBFGS(zeros(10))
    update = optimiser._pairs.update
    monkeypatch.setattr(optimiser._pairs, "update", lambda *a: (seen.append(blas_threads()), update(*a))[1])
    optimiser.tell(*rosenbrock(optimiser.x))
    assert seen
    assert all(threads <= {1} for threads in seen)


@pytest.mark.parametrize("rate", [0.3, 1.0, 5.0])
def test_no_step_is_longer_than_allowed(rate: float) -> None:
    optimiser = LBFGS(zeros(10), learning_rate=rate, line_search=LineSearch(longest=0.05))
    before = optimiser._base
    for _ in range(60):
        optimiser.tell(*rosenbrock(optimiser.x))
        step = np.sqrt(np.square(optimiser.x - optimiser._base, dtype=np.float64).mean())
        assert step <= 0.05 * (1 + 1e-4)
    assert not np.array_equal(optimiser.x, before)


Pairs = list[tuple[np.ndarray, np.ndarray]]


def published(pairs: Pairs) -> float:
    """Nocedal & Wright, eq. 7.20."""
    s, y = pairs[-1]
    return float(s @ y / (y @ y))


def thrice_the_mean(pairs: Pairs) -> float:
    return 3 * float(np.prod([s @ y / (y @ y) for s, y in pairs]) ** (1 / len(pairs)))


def pairs_after(count: int) -> Pairs:
    rng = np.random.default_rng(count)
    return [(s, s + 0.3 * np.abs(s)) for s in rng.standard_normal((count, 7))]


@pytest.mark.parametrize(("count", "factor"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_the_factor_of_the_mean_grows_over_the_first_pairs(count: int, factor: int) -> None:
    pairs = pairs_after(count)
    steps, differences = (
        np.array([a @ b for a, b in found]) for found in (pairs, [(y, y) for _, y in pairs])
    )
    mean = thrice_the_mean(pairs) / 3
    assert geometric_mean_scaling(steps, differences) == pytest.approx(factor * mean)


def test_the_first_step_has_the_scaling_that_is_given() -> None:
    f = bowl()
    gradient = f(zeros(40))[1]
    optimiser = LBFGS(zeros(40), first_scaling=2e-4)
    optimiser.tell(*f(optimiser.x))
    np.testing.assert_allclose(optimiser.x, -2e-4 * gradient, rtol=1e-5)
    short = LBFGS(zeros(40), first_scaling=1e3, line_search=LineSearch(longest=0.05))
    short.tell(*f(short.x))
    assert np.sqrt(np.square(short.x).mean()) == pytest.approx(0.05, rel=1e-4)


def test_the_first_quotient_is_that_of_the_first_pair() -> None:
    f = bowl()
    optimiser = LBFGS(zeros(40), learning_rate=1e-3)
    points, gradients = [], []
    for _ in range(6):
        assert (optimiser.first_quotient != 0) == (len(points) > 1)
        loss, gradient = f(optimiser.x)
        points.append(optimiser.x.astype(np.float64))
        gradients.append(gradient.astype(np.float64))
        optimiser.tell(loss, gradient)
    pair = points[1] - points[0], gradients[1] - gradients[0]
    assert optimiser.first_quotient == pytest.approx(published([pair]), rel=1e-4)
    resumed = LBFGS(zeros(40))
    resumed.restore(optimiser.state())
    assert resumed.first_quotient == optimiser.first_quotient


def two_loop_recursion(pairs: Pairs, g: np.ndarray, gamma: float) -> np.ndarray:
    """Nocedal & Wright, Algorithm 7.4, on the vectors themselves."""
    q, alphas = g.astype(np.float64), []
    for s, y in reversed(pairs):
        alphas.append(s @ q / (s @ y))
        q = q - alphas[-1] * y
    r = q * gamma
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        r = r + s * (alpha - y @ r / (s @ y))
    return -r


@pytest.mark.parametrize(
    ("scaling", "gamma"), [(newest_pair_scaling, published), (geometric_mean_scaling, thrice_the_mean)]
)
@pytest.mark.parametrize("history", [3, 50])
def test_direction_is_that_of_the_two_loop_recursion(
    history: int, scaling: Scaling, gamma: Callable[[Pairs], float]
) -> None:
    """Also after the history is full and the oldest pairs have been replaced."""
    f = bowl()
    optimiser = LBFGS(zeros(40), history=history, line_search=None, scaling=scaling)
    points, gradients = [], []
    for _ in range(9):
        loss, gradient = f(optimiser.x)
        points.append(optimiser.x.astype(np.float64))
        gradients.append(gradient.astype(np.float64))
        optimiser.tell(loss, gradient)
    pairs = [(b - a, d - c) for a, b, c, d in zip(points, points[1:], gradients, gradients[1:], strict=False)]
    expected = two_loop_recursion(pairs[-history:], gradients[-1], gamma(pairs[-history:]))
    found = optimiser.x.astype(np.float64) - points[-1]
    assert np.linalg.norm(found - expected) < 1e-3 * np.linalg.norm(expected)


def test_lbfgs_without_line_search_is_torchs() -> None:
    """The recipe of neural-style: torch.optim.LBFGS with its defaults, point by point."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    f = bowl(condition=30)
    x = torch.zeros(40, requires_grad=True)
    seen = []

    def closure() -> "torch.Tensor":
        loss, gradient = f(x.detach().numpy())
        seen.append(x.detach().numpy().copy())
        x.grad = torch.from_numpy(gradient)
        return torch.tensor(loss)

    torch.optim.LBFGS([x], lr=1, max_iter=12, tolerance_change=-1, tolerance_grad=-1).step(closure)
    optimiser = LBFGS(zeros(40), history=100, line_search=None)
    for expected in seen:
        np.testing.assert_allclose(optimiser.x, expected, atol=2e-4)
        optimiser.tell(*f(optimiser.x))


def test_adam_is_algorithm_1() -> None:
    f, optimiser = bowl(condition=10), Adam(zeros(40), learning_rate=0.1)
    x, m, v = np.zeros(40), np.zeros(40), np.zeros(40)
    for t in range(1, 21):
        np.testing.assert_allclose(optimiser.x, x, atol=1e-5)
        optimiser.tell(*f(optimiser.x))
        g = f(x)[1].astype(np.float64)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def smoothed(x: np.ndarray) -> Optimiser:
    return LBFGS(
        x, preconditioner=Preconditioner((1, x.size // 3)), history=5, line_search=LineSearch(lookback=3)
    )


@pytest.mark.parametrize(
    "make", [LBFGS, lambda x: LBFGS(x, history=4), smoothed, lambda x: Adam(x, learning_rate=0.1)]
)
@pytest.mark.parametrize("before", [0, 1, 2, 7, 30])
def test_a_restored_optimiser_resumes_bit_for_bit(
    make: Callable[[np.ndarray], Optimiser], before: int
) -> None:
    straight = make(zeros(12))
    walk(straight, rosenbrock, before)
    resumed = make(zeros(12))
    resumed.restore(straight.state())
    walk(straight, rosenbrock, 12)
    walk(resumed, rosenbrock, 12)
    np.testing.assert_array_equal(resumed.x, straight.x)


def test_iterates_are_never_modified() -> None:
    for optimiser in (LBFGS(zeros(10)), Adam(zeros(10), learning_rate=0.1)):
        kept = []
        for _ in range(15):
            kept.append((optimiser.x, optimiser.x.copy()))
            optimiser.tell(*rosenbrock(optimiser.x))
        for point, copy in kept:
            np.testing.assert_array_equal(point, copy)


def test_cubic_minimum() -> None:
    value, slope = np.polynomial.Polynomial([3, -2, 0.5, 1]), np.polynomial.Polynomial([-2, 1, 3])
    best = float(slope.roots().real.max())
    for step in (0.9, 2.0, 5.0):
        assert cubic_minimum(step, value(0), slope(0), value(step), slope(step)) == pytest.approx(best)
    assert cubic_minimum(2.0, 1.0, -1.0, np.nan, np.nan) == 1.0
    assert cubic_minimum(2.0, 1.0, -1.0, np.inf, 3.0) == 1.0


@pytest.mark.parametrize(
    "make", [LBFGS, lambda x: LBFGS(x, line_search=None), smoothed, lambda x: Adam(x, learning_rate=1)]
)
def test_a_constant_function_moves_nothing(make: Callable[[np.ndarray], Optimiser]) -> None:
    optimiser = make(np.ones(6, np.float32))
    for _ in range(5):
        optimiser.tell(1.0, zeros(6))
    np.testing.assert_array_equal(optimiser.x, np.ones(6))


def test_memory_mapped_chunks_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    start, f = np.linspace(-2, 2, 40, dtype=np.float32), bowl()
    usual, mean = Adam(start, learning_rate=0.1), Average(0.7)
    apart = disk_arrays.empty(start.shape, on_disk=True)
    apart[...] = start
    on_disk, mean_on_disk = Adam(apart, learning_rate=0.1), Average(0.7)
    for optimiser, average, strip in ((usual, mean, disk_arrays.STRIP_BYTES), (on_disk, mean_on_disk, 4 * 7)):
        monkeypatch.setattr(disk_arrays, "STRIP_BYTES", strip)
        for _ in range(5):
            average.add(optimiser.x)
            optimiser.tell(*f(optimiser.x))
    np.testing.assert_array_equal(on_disk.x, usual.x)
    np.testing.assert_array_equal(mean_on_disk.value, mean.value)
    for name, array in on_disk.state().items():
        np.testing.assert_array_equal(array, usual.state()[name])
    assert isinstance(on_disk.x, np.memmap)
    assert isinstance(mean_on_disk.value, np.memmap)
    assert not isinstance(usual.x, np.memmap)


def test_average_is_the_weighted_mean() -> None:
    average, decay = Average(0.8), 0.8
    points = [np.full(3, float(i), np.float32) for i in range(6)]
    for point in points:
        average.add(point)
    weights = np.array([decay ** (5 - i) for i in range(6)])
    np.testing.assert_allclose(average.value, np.average(points, axis=0, weights=weights), rtol=1e-6)
    with pytest.raises(ValueError, match="nothing"):
        _ = Average(0.5).value
