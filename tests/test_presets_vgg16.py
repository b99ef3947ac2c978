"""Published recipes on the real VGG-16, whole: held against an independent computation on its own layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import independent
from support.pictures import smooth_picture

from nst_onnx import Objective

SIDE = 48


@pytest.mark.filterwarnings("ignore::nst_onnx.models.kernel_layout.ModelWarning")
@pytest.mark.parametrize("preset", ["narayanan", "neural-style", "gatys2015", "course"])
def test_the_loss_is_the_formula_s(preset: str, shared: Path) -> None:
    file = shared / "weights" / "vgg16.npz"
    stored = np.load(file)
    names = [name.removesuffix("/bias") for name in stored.files if name.endswith("/bias")]
    layers = {n: (stored[f"{n}/kernel"].transpose(3, 2, 0, 1), stored[f"{n}/bias"]) for n in sorted(names)}
    assert list(layers)[-1] == "conv5_3"
    kind = "max" if preset in ("narayanan", "neural-style") else "average"
    features = independent.vgg(layers, kind, up=preset == "course")
    content, style, picture = (np.asarray(smooth_picture(SIDE, SIDE, seed=n)) / 255 for n in (1, 2, 3))
    objective = Objective(content, style, model=file, device="cpu", preset=preset, size=SIDE)
    found, _ = objective.value_and_grad(picture)
    formula = independent.PUBLISHED[preset]
    expected = formula(features(picture), features(content), features(style), picture)
    assert found == pytest.approx(expected, rel=1e-4)
