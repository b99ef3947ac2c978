"""The benchmarks' measures of sharpness."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.spectrum import fine_share, mean_gradient


def waves(period: float, width: int = 128) -> np.ndarray:
    x = np.arange(width, dtype=np.float32)
    return np.broadcast_to(100 + 50 * np.sin(2 * math.pi * x / period), (96, width)).astype(np.float32)


def test_the_share_of_fine_detail() -> None:
    noise = np.random.default_rng(1).normal(size=(256, 255)).astype(np.float32)
    assert fine_share(noise) == pytest.approx(1 - math.pi / 64, abs=0.01)  # a circle of 1/8 in a unit square
    assert fine_share(waves(16)) < 0.001
    assert fine_share(waves(4)) > 0.999
    assert fine_share(waves(4) + waves(16)) == pytest.approx(0.5, abs=0.01)


def test_the_mean_gradient() -> None:
    ramp = np.broadcast_to(3 * np.arange(20, dtype=np.float32), (10, 20))
    assert mean_gradient(ramp) == pytest.approx(3)
    assert mean_gradient(waves(4)) > mean_gradient(waves(16))
