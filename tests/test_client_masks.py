"""Masks laid over one another by the plug-ins' client, checked against numpy."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import masks

LEVELS = {"hard": [0, 255], "soft": [*range(256)], "mixed": [0, 0, 0, 255, 255, 1, 128, 254]}


def three(kind: str) -> list[np.ndarray]:
    chance = np.random.default_rng(5)
    return [chance.choice(LEVELS[kind], 4096).astype(np.uint8) for _ in range(3)]


@pytest.mark.parametrize("kind", LEVELS)
def test_a_union_is_the_largest_and_a_product_the_product(kind: str) -> None:
    one, two, three_ = three(kind)
    given = [mask.tobytes() for mask in (one, two, three_)]
    assert masks.union(given) == np.maximum(np.maximum(one, two), three_).tobytes()
    first = one.astype(int) * two // 255
    assert masks.product(given) == (first * three_ // 255).astype(np.uint8).tobytes()


def test_one_mask_is_itself_and_none_is_none() -> None:
    assert masks.union([b"\0\x05\xff"]) == masks.product([b"\0\x05\xff"]) == b"\0\x05\xff"
    assert masks.product([]) is None


@pytest.mark.parametrize(("mask", "empty"), [(b"\0\0", True), (b"\0\1", False), (b"", True)])
def test_an_empty_mask(mask: bytes, empty: bool) -> None:
    assert masks.empty(mask) is empty


def test_only_where_both_are_soft_pixels_are_computed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[int, int]] = []
    monkeypatch.setattr(masks, "_times", lambda a, b: computed.append((a, b)) or a * b // 255)
    hard, soft = bytes([0, 255, 255, 0]), bytes([9, 9, 255, 0])
    assert masks.product([hard, soft]) == bytes([0, 9, 255, 0])
    assert computed == []
    assert masks.product([bytes([100, 255, 0, 0]), soft]) == bytes([3, 9, 0, 0])
    assert computed == [(100, 9)]


@pytest.mark.parametrize("kind", LEVELS)
def test_layers_with_the_remaining_masks_cover_the_union(kind: str) -> None:
    below, above, _ = three(kind)
    own = np.frombuffer(masks.remaining(below.tobytes(), above.tobytes()), np.uint8)
    hard = np.isin(below, (0, 255)) | np.isin(above, (0, 255))
    np.testing.assert_array_equal(own[hard], above[hard])
    covered = below + (255.0 - below) * own / 255
    assert np.abs(covered - np.maximum(below, above)).max() < 1
