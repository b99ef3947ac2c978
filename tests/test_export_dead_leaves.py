from __future__ import annotations

import numpy as np
from support import exporter

dead_leaves = exporter.module("distil.dead_leaves")
read = exporter.module("distil.pictures")


def drawn(side: int = 64, seed: int = 0) -> np.ndarray:
    return dead_leaves.draw(side, np.random.default_rng(seed))


def test_form() -> None:
    picture = drawn(40)
    assert (picture.shape, picture.dtype) == ((40, 40, 3), np.uint8)


def test_a_seed_gives_the_same_picture_again() -> None:
    np.testing.assert_array_equal(drawn(), drawn())
    assert (drawn() != drawn(seed=1)).any()


def test_plain_colours_with_clean_edges() -> None:
    """Most pixels have one of a few colours; the others, where edges run, lie between these."""
    for seed in range(5):
        colours, counts = np.unique(drawn(256, seed).reshape(-1, 3), axis=0, return_counts=True)
        few = np.argsort(counts)[-12:]
        assert counts[few].sum() > 0.6 * counts.sum()
        assert len(few) < len(colours)
        assert (colours >= colours[few].min(0)).all()
        assert (colours <= colours[few].max(0)).all()


def test_a_collection_of_different_pictures() -> None:
    collection = dead_leaves.collection(0.2, 3)
    assert collection.share == 0.2
    assert len(collection.pictures) == dead_leaves.COUNT
    assert {picture.shape for picture in collection.pictures} == {(dead_leaves.SIDE, dead_leaves.SIDE, 3)}
    assert len({picture.tobytes() for picture in collection.pictures}) == dead_leaves.COUNT
