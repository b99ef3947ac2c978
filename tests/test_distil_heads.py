from __future__ import annotations

import numpy as np
import pytest
from support import exporter

heads = exporter.module("distil.heads")


def batches(told: int, own: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features (F, f) of three batches, channels × positions: told ones that own ones tell in part."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((told, own))
    drawn = [rng.random((own, 200)) for _ in range(3)]
    return [(mixing @ f + rng.standard_normal((told, 200)), f) for f in drawn]


def products(seen: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(f @ f.T, wanted @ f.T) for wanted, f in seen]


def solved(seen: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return numpy's own solution for the features themselves; of several, the smallest."""
    wanted, f = (np.hstack(parts) for parts in zip(*seen, strict=True))
    return np.linalg.lstsq(f.T, wanted.T, rcond=None)[0].T


def test_the_head_is_the_least_squares_solution() -> None:
    seen = batches(told=7, own=5)
    np.testing.assert_allclose(heads.least_squares(products(seen)), solved(seen), atol=1e-3)


def test_channels_that_say_nothing_or_the_same_do_no_harm() -> None:
    seen = [(wanted, np.vstack([f, 0 * f[:1], f[:1]])) for wanted, f in batches(told=7, own=5)]
    found, expected = heads.least_squares(products(seen)), solved(seen)
    for _, f in seen:
        np.testing.assert_allclose(found @ f, expected @ f, atol=1e-3)


@pytest.mark.parametrize(("told", "own"), [(9, 4), (4, 4), (3, 6)])
def test_read_outs_keep_the_distances_of_gram_matrices(told: int, own: int) -> None:
    rng = np.random.default_rng(1)
    head = rng.standard_normal((told, own))
    mixed = heads.read_out(head)
    assert (mixed.shape, mixed.dtype) == ((own, own), np.float32)
    sizes = np.linalg.norm(mixed, axis=1)
    assert np.all(np.diff(sizes) <= 0)
    for _ in range(10):
        difference = rng.standard_normal((own, own))
        difference += difference.T
        distance = np.linalg.norm(head @ difference @ head.T)
        assert np.linalg.norm(mixed @ difference @ mixed.T) == pytest.approx(distance, rel=1e-5)


def test_equal_products_give_equal_read_outs() -> None:
    """AᵀA decides, so neither A's sign nor a rotation of what it tells shows, signs of rows included."""
    rng = np.random.default_rng(2)
    head = rng.standard_normal((8, 5))
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    for same in (head.copy(), -head, rotation @ head):
        np.testing.assert_allclose(heads.read_out(same), heads.read_out(head), atol=1e-5)
    assert not np.allclose(heads.read_out(head[:, ::-1]), heads.read_out(head), atol=1e-2)
