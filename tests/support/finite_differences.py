"""Finite differences of an objective."""

from __future__ import annotations

import numpy as np
import pytest

from nst_onnx import Objective


def hold_gradient(objective: Objective, term: str, x: np.ndarray, step: float) -> None:
    """Compare a term's gradient at `x`, by itself, with central differences along it."""
    with objective._whole.restricted_to([term]):
        _, gradient = objective.value_and_grad(x)
        norm = float(np.linalg.norm(gradient))
        ahead, behind = (
            objective.value_and_grad(x + np.float32(sign * step / norm) * gradient)[0] for sign in (1, -1)
        )
    assert norm > 0
    assert (ahead - behind) / (2 * step) == pytest.approx(norm, rel=0.02), term
