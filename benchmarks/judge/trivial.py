"""Trivial pictures, which every column must place at its ends: photo, painting, colour-matched photo."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.judge.measures import Measures
from nst_onnx.errors import NstError
from nst_onnx.picture.colour.statistics import match_covariance
from nst_onnx.support.arrays import Array

PHOTO, PAINTING, RECOLOURED = "photo", "painting", "recoloured photo"
NAMES = (PHOTO, PAINTING, RECOLOURED)

_EXACT = 1e-6


def pictures(photo: Array, painting: Array) -> dict[str, Array]:
    """Return {name: picture}. The recoloured photo has the painting's mean and covariance of RGB."""
    return {PHOTO: photo, PAINTING: painting, RECOLOURED: match_covariance(photo, painting)}


def check(found: Mapping[str, Measures]) -> None:
    """Raise NstError unless the trivial pictures' columns are extreme, as the formulas demand."""
    photo, painting, recoloured = (found[name] for name in NAMES)
    demands = {
        "the photo's content error is 0": abs(photo.content_error) < _EXACT,
        "the photo's style residual is 1": abs(photo.style_residual - 1) < _EXACT,
        "the photo's sliced Wasserstein residual is 1": abs(photo.sliced_wasserstein - 1) < _EXACT,
        "the photo's edge correlation is 1": abs(photo.edge_correlation - 1) < _EXACT,
        "the photo's residual over blocks 1 to 4 is 1": abs(photo.blocks_1_to_4 - 1) < _EXACT,
        "the painting's style residual is 0": painting.style_residual < _EXACT,
        "the painting's sliced Wasserstein residual is 0": painting.sliced_wasserstein < _EXACT,
        "the painting's palette distance is 0": painting.palette < _EXACT,
        "the painting's content error is the largest": painting.content_error > recoloured.content_error,
        "colours bring the palette nearer": recoloured.palette < photo.palette,
    }
    if failed := [demand for demand, holds in demands.items() if not holds]:
        raise NstError(f"the judge is wrong: it is not so that {'; nor that '.join(failed)}")
