"""The preconditioner: what it does to waves, and that it may precondition at all."""

import numpy as np
import pytest

from nst_onnx.optim import LBFGS, Host, Smoothing
from nst_onnx.optim.smoothing import cosines

SHAPES = [(48, 64), (33, 47), (5, 200), (1, 1)]


def matrix(shape: tuple[int, int]) -> np.ndarray:
    """P of one colour, column by column."""
    smoothing = Smoothing(shape)
    unit = np.eye(shape[0] * shape[1], dtype=np.float32)
    return np.stack([smoothing(column) for column in unit], axis=1).astype(np.float64)


@pytest.mark.parametrize("shape", [(12, 20), (9, 31), (1, 1)])
def test_it_is_symmetric_and_never_below_the_identity(shape: tuple[int, int]) -> None:
    p = matrix(shape)
    np.testing.assert_allclose(p, p.T, atol=1e-5)
    assert np.linalg.eigvalsh((p + p.T) / 2).min() >= 1 - 1e-4


@pytest.mark.parametrize("shape", SHAPES)
def test_waves_are_its_eigenvectors(shape: tuple[int, int]) -> None:
    """Against the cosine transform of another library: each coefficient by its own gain."""
    fft = pytest.importorskip("scipy.fft", reason="SciPy is not installed here")
    noise = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    f = np.hypot(*np.ix_(*(np.arange(n) / (2 * n) for n in shape)))
    low = np.logical_and.outer(*(np.arange(n) / (2 * n) < 1 / 8 for n in shape))
    gain = np.where(low & (f < 1 / 8), ((1 / 8) / np.maximum(f, 1 / 256)) ** 0.5, 1)
    expected = fft.idctn(gain * fft.dctn(noise, axes=(1, 2), norm="ortho"), axes=(1, 2), norm="ortho")
    found = Smoothing(shape, exponent=0.5)(noise.reshape(-1)).reshape(noise.shape)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_cosines_are_orthonormal() -> None:
    basis = cosines(50, 20).astype(np.float64)
    np.testing.assert_allclose(basis @ basis.T, np.eye(20), atol=1e-6)


def rough(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A quadratic function whose curvature grows with frequency: its centre and Hessian."""
    n = shape[0] * shape[1]
    rng = np.random.default_rng(1)
    root = np.linalg.inv(np.linalg.cholesky(matrix(shape)))
    return rng.standard_normal(n), root.T @ np.diag(np.geomspace(1, 20, n)) @ root


def test_it_saves_evaluations_where_curvature_grows_with_frequency() -> None:
    shape = (12, 16)
    centre, hessian = rough(shape)

    def reached(preconditioner: Smoothing | None) -> float:
        optimiser = LBFGS(np.zeros(centre.size, np.float32), space=Host(centre.size, preconditioner))
        best = np.inf
        for _ in range(25):
            d = optimiser.x - centre
            best = min(best, float(d @ hessian @ d))
            optimiser.tell(float(d @ hessian @ d), (2 * hessian @ d).astype(np.float32))
        return best

    assert reached(Smoothing(shape)) < 0.2 * reached(None)


@pytest.mark.parametrize("history", [3, 30])
def test_direction_is_that_of_the_two_loop_recursion_on_p(history: int) -> None:
    """Nocedal & Wright, Algorithm 7.4, with H0 = gamma P, also after the oldest pairs have been replaced."""
    shape = (8, 10)
    centre, hessian = rough(shape)
    p = matrix(shape)
    space = Host(centre.size, Smoothing(shape))
    optimiser = LBFGS(np.zeros(centre.size, np.float32), space=space, history=history)
    points, gradients = [], []
    for _ in range(9):
        d = optimiser.x - centre
        points.append(optimiser.x.astype(np.float64))
        gradients.append(2 * hessian @ d)
        optimiser.tell(float(d @ hessian @ d), gradients[-1].astype(np.float32))
    pairs = [(b - a, d - c) for a, b, c, d in zip(points, points[1:], gradients, gradients[1:], strict=False)]
    q, alphas = gradients[-1], []
    for s, y in reversed(pairs[-history:]):
        alphas.append(s @ q / (s @ y))
        q = q - alphas[-1] * y
    s, y = pairs[-1]
    r = p @ q * (s @ y) / (y @ p @ y)
    for (s, y), alpha in zip(pairs[-history:], reversed(alphas), strict=True):
        r = r + s * (alpha - y @ r / (s @ y))
    found = optimiser.x.astype(np.float64) - points[-1]
    assert np.linalg.norm(found + r) < 1e-3 * np.linalg.norm(r)
