"""What a painter reads of paintings is measured once of each that is held."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from support.pictures import smooth_picture

from nst_onnx.feedforward import statistics
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.objective.sessions import Network
from nst_onnx.picture import Picture
from nst_onnx.runtime import choose
from nst_onnx.support.memory import Memory

LAYERS = Painter.load(catalogue.painter(), choose("cpu")).facts.layers


def painting(seed: int) -> Picture:
    rgb = np.asarray(smooth_picture(90, 120, seed=seed).convert("RGB"), np.float32) / 255
    return Picture(rgb, None, "painting.jpg", 8)


@pytest.fixture
def network() -> Network:
    return Network.open("compact", "cpu", threads=1)


def test_a_painting_that_is_held_is_measured_once(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    measured, measuring = [], statistics._measured

    def noted(network: Network, layers: tuple[str, ...], style: Picture, *more: object) -> object:
        measured.append(style)
        return measuring(network, layers, style, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(statistics, "_measured", noted)

    def numbers(style: Picture, longest: int = 100) -> np.ndarray:
        return statistics.measure(network, LAYERS, [style], None, longest, Memory.of(None))

    one, other = painting(1), painting(2)
    np.testing.assert_array_equal(numbers(one), numbers(one))
    assert measured == [one]
    assert not np.array_equal(numbers(one), numbers(one, 60))
    assert not np.array_equal(numbers(one), numbers(other))
    assert measured == [one, one, other]


def test_what_was_measured_goes_with_the_painting(network: Network) -> None:
    style = painting(3)
    statistics.measure(network, LAYERS, [style], None, 100, Memory.of(None))
    assert len(statistics._known[network]) == 1
    del style
    gc.collect()
    assert len(statistics._known[network]) == 0
