"""The preconditioner: gains per frequency, symmetry and positive definiteness, warm start."""

from collections.abc import Callable

import numpy as np
import pytest

from nst_onnx.optim import LBFGS, Preconditioner
from nst_onnx.optim.preconditioned_products import PreconditionedProducts
from nst_onnx.optim.preconditioner import dct_basis

SHAPES = [(48, 64), (33, 47), (5, 200), (1, 1)]


def estimated(shape: tuple[int, int], pairs: int = 4) -> Preconditioner:
    """A preconditioner with gains estimated from random pairs."""
    preconditioner = Preconditioner(shape)
    rng = np.random.default_rng(2)
    for _ in range(pairs):
        y = rng.standard_normal(3 * shape[0] * shape[1]).astype(np.float32)
        if add_pair(preconditioner, Preconditioner(shape)(y), y):
            preconditioner.update_gain()
    return preconditioner


def add_pair(preconditioner: Preconditioner, s: np.ndarray, y: np.ndarray) -> bool:
    return preconditioner.add_pair(preconditioner.dct(s), preconditioner.dct(y), (float(s @ s), float(y @ y)))


def matrix(preconditioner: Preconditioner) -> np.ndarray:
    """P, column by column."""
    unit = np.eye(3 * preconditioner.shape[0] * preconditioner.shape[1], dtype=np.float32)
    return np.stack([preconditioner(column) for column in unit], axis=1).astype(np.float64)


@pytest.mark.parametrize("make", [Preconditioner, estimated])
@pytest.mark.parametrize("shape", [(12, 16), (9, 21), (1, 1)])
def test_it_is_symmetric_and_positive_definite(
    shape: tuple[int, int], make: Callable[[tuple[int, int]], Preconditioner]
) -> None:
    p = matrix(make(shape))
    np.testing.assert_allclose(p, p.T, atol=1e-5)
    assert np.linalg.eigvalsh((p + p.T) / 2).min() > 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_products_of_coefficients_are_those_with_p(shape: tuple[int, int]) -> None:
    """Also after a pair was replaced, after P was updated, and restored from a state."""
    preconditioner, size = Preconditioner(shape), 3 * shape[0] * shape[1]
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((6, size)).astype(np.float32)
    changes, slots = np.diff(gradients, axis=0), (0, 1, 2, 0, 1)
    products: PreconditionedProducts[np.ndarray] = PreconditionedProducts(preconditioner, 3)
    products.set_gradient(gradients[0])
    for slot, gradient in zip(slots, gradients[1:], strict=True):
        products.set_gradient(gradient)
        products.store_difference(slot)
    stored = np.stack([gradients[5], changes[3], changes[4], changes[2]])

    def excess(p: Preconditioner) -> np.ndarray:
        """u·(P − I) v among the stored vectors."""
        return np.array([[u.astype(np.float64) @ (p(v) - v) for v in stored] for u in stored])

    def same(products: PreconditionedProducts[np.ndarray], p: Preconditioner) -> None:
        expected, weights = excess(p), np.array([-1.0, 0.5, 2.0, -3.0])
        close = {"rtol": 1e-3, "atol": 1e-5 * max(size, float(np.abs(expected).max()))}
        np.testing.assert_allclose(products.products(3), expected[0], **close)
        np.testing.assert_allclose(
            [products.self_product(k) for k in range(3)], np.diag(expected)[1:], **close
        )
        total = (weights @ stored).astype(np.float32)
        np.testing.assert_allclose(
            products.add_correction(np.zeros_like(total), weights), p(total) - total, atol=1e-4
        )

    same(products, preconditioner)
    initial = Preconditioner(shape)
    steps = [initial(rng.standard_normal(size).astype(np.float32)) for _ in range(4)]
    assert [products.add_pair(1, s, (float(s @ s), float(size))) for s in steps] == [
        False,
        False,
        False,
        True,
    ]
    before = excess(preconditioner)
    more = products.update(3)
    after = excess(preconditioner)
    assert np.abs(after - before).max() > 0.01 * np.abs(before).max()
    np.testing.assert_allclose(more, after - before, rtol=1e-3, atol=1e-4 * np.abs(before).max())
    same(products, preconditioner)
    again: PreconditionedProducts[np.ndarray] = PreconditionedProducts(Preconditioner(shape), 3)
    again.restore(products.state(3))
    same(again, preconditioner)


@pytest.mark.parametrize("shape", [*SHAPES, (261, 300)])
def test_cosines_are_its_eigenvectors(shape: tuple[int, int]) -> None:
    """Against the cosine transform of another library: each coefficient by its own gain, near f^-0.5."""
    fft = pytest.importorskip("scipy.fft", reason="SciPy is not installed here")
    noise = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    smooth = Preconditioner(shape)(noise.reshape(-1)).reshape(noise.shape)
    before, after = (fft.dctn(a, axes=(1, 2), norm="ortho") for a in (noise, smooth))
    f = np.hypot(*np.ix_(*(np.arange(n) / (2 * n) for n in shape)))
    low = np.logical_and.outer(*(np.arange(n) / (2 * n) < 1 / 8 for n in shape))
    expected = np.where(low, np.maximum((1 / 8) / np.maximum(f, 1 / 256), 1) ** 0.5, 1)
    np.testing.assert_allclose(after, expected * before, rtol=0.05, atol=1e-4)


def test_gains_are_estimated_from_the_ratio_of_steps_to_gradient_differences() -> None:
    """From pairs of a diagonal Hessian the estimate is its inverse, whatever the steps."""
    fft = pytest.importorskip("scipy.fft", reason="SciPy is not installed here")
    shape = (64, 96)
    f = np.hypot(*np.ix_(*(np.arange(n) / (2 * n) for n in shape)))
    inverse = np.maximum((1 / 8) / np.maximum(f, 1 / 256), 1) ** 1.2
    preconditioner, rng = Preconditioner(shape), np.random.default_rng(3)
    updates = []
    for _ in range(20):
        y = rng.standard_normal((3, *shape))
        s = fft.idctn(inverse * fft.dctn(y, axes=(1, 2), norm="ortho"), axes=(1, 2), norm="ortho")
        updates.append(add_pair(preconditioner, *(v.astype(np.float32).reshape(-1) for v in (s, y))))
        if updates[-1]:
            preconditioner.update_gain()
    assert [n for n, now in enumerate(updates, 1) if now] == [4, 16]
    fresh = rng.standard_normal((3, *shape)).astype(np.float32)
    before, after = (
        fft.dctn(v, axes=(1, 2), norm="ortho")
        for v in (fresh, preconditioner(fresh.reshape(-1)).reshape(fresh.shape))
    )
    inside = (f > 1 / 128) & (f < 1 / 10)
    expected = (inverse * before)[:, inside]
    assert np.linalg.norm(after[:, inside] - expected) < 0.2 * np.linalg.norm(expected)
    initial = fft.dctn(
        Preconditioner(shape)(fresh.reshape(-1)).reshape(fresh.shape), axes=(1, 2), norm="ortho"
    )
    assert np.linalg.norm(initial[:, inside] - expected) > 0.4 * np.linalg.norm(expected)


def test_warm_start_from_a_smaller_picture() -> None:
    small, large = estimated((32, 48)), Preconditioner((64, 96))
    initial = large.gain
    large.warm_start(small.state())
    np.testing.assert_array_equal(large.gain[:, ::2, ::2], small.gain)  # the same frequencies
    assert not np.allclose(large.gain, initial, rtol=0.1)


def test_warm_start_without_an_estimate_keeps_the_initial_gains() -> None:
    large, fresh = Preconditioner((48, 72)), Preconditioner((48, 72))
    large.warm_start(estimated((32, 48), pairs=3).state())
    np.testing.assert_array_equal(large.gain, fresh.gain)


def test_the_dct_basis_is_orthonormal() -> None:
    basis = dct_basis(50, 20).astype(np.float64)
    np.testing.assert_allclose(basis @ basis.T, np.eye(20), atol=1e-6)


def rough(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A quadratic function whose curvature grows with frequency: its centre and Hessian."""
    n = 3 * shape[0] * shape[1]
    rng = np.random.default_rng(1)
    root = np.linalg.inv(np.linalg.cholesky(matrix(Preconditioner(shape))))
    return rng.standard_normal(n), root.T @ np.diag(np.geomspace(1, 20, n)) @ root


def test_it_saves_evaluations_where_curvature_grows_with_frequency() -> None:
    shape = (16, 24)
    inverse = matrix(Preconditioner(shape))
    hessian = np.linalg.inv(inverse @ inverse)
    centre = np.random.default_rng(1).standard_normal(len(hessian))

    def reached(preconditioner: Preconditioner | None) -> float:
        optimiser = LBFGS(np.zeros(centre.size, np.float32), preconditioner=preconditioner)
        best = np.inf
        for _ in range(14):
            d = optimiser.x - centre
            best = min(best, float(d @ hessian @ d))
            optimiser.tell(float(d @ hessian @ d), (2 * hessian @ d).astype(np.float32))
        return best

    assert reached(Preconditioner(shape)) < 0.5 * reached(None)


@pytest.mark.parametrize("history", [3, 30])
def test_direction_is_that_of_the_two_loop_recursion_on_p(history: int) -> None:
    """Nocedal & Wright, Algorithm 7.4, with H0 = gamma P: also after pairs are replaced and P has changed."""
    shape = (8, 10)
    preconditioner = Preconditioner(shape)
    centre, hessian = rough(shape)
    optimiser = LBFGS(np.zeros(centre.size, np.float32), preconditioner=preconditioner, history=history)
    points, gradients = [], []
    first = matrix(preconditioner)
    for _ in range(9):
        d = optimiser.x - centre
        points.append(optimiser.x.astype(np.float64))
        gradients.append(2 * hessian @ d)
        optimiser.tell(float(d @ hessian @ d), gradients[-1].astype(np.float32))
    pairs = [(b - a, d - c) for a, b, c, d in zip(points, points[1:], gradients, gradients[1:], strict=False)]
    p = matrix(preconditioner)
    assert np.abs(p - first).max() > 0.01
    q, alphas = gradients[-1], []
    for s, y in reversed(pairs[-history:]):
        alphas.append(s @ q / (s @ y))
        q = q - alphas[-1] * y
    s, y = pairs[-1]
    r = p @ q * (s @ y) / (y @ p @ y)
    for (s, y), alpha in zip(pairs[-history:], reversed(alphas), strict=True):
        r = r + s * (alpha - y @ r / (s @ y))
    found = optimiser.x.astype(np.float64) - points[-1]
    assert np.linalg.norm(found + r) < 2e-3 * np.linalg.norm(r)
