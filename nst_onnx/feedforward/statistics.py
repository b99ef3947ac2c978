"""What a painter's predictor reads of paintings: means and standard deviations of the compact network's
features.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from nst_onnx.objective.guides import Masks
from nst_onnx.objective.losses import moments
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import blend, planes, scaled
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.picture import Picture, fit
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

LARGEST = 1024
"""Longest side at which a painting is measured, at most: the training has no larger strokes."""
TINY = 1e-12

Moments = dict[str, Array]
_known: WeakKeyDictionary[Network, WeakKeyDictionary[Picture, dict[tuple[object, ...], Moments]]]
_known = WeakKeyDictionary()
"""What was measured of pictures that are still held, by layers and side: a dialog's preview with another
strength needs the same.
"""


def measure(
    network: Network,
    layers: Sequence[str],
    styles: Sequence[Picture],
    weights: Sequence[float] | None,
    longest: int,
    memory: Memory,
) -> Array:
    """Return the statistics of paintings, scaled to `longest` pixels and blended, for `Painter.predict`.

    For each layer the channels' means, then their standard deviations. Raises PictureError for a painting in
    which nothing is visible, or that is too small for the network.
    """
    found = [_moments(network, layers, style, longest, memory) for style in styles]
    blended = blend(found, weights or [1.0] * len(found))
    return np.concatenate([_numbers(blended[f"moments/{layer}"]) for layer in layers])


def _moments(
    network: Network, layers: Sequence[str], style: Picture, longest: int, memory: Memory
) -> Moments:
    side = min(max(longest, 1), LARGEST)
    known = _known.setdefault(network, WeakKeyDictionary()).setdefault(style, {})
    key = *layers, side
    if key not in known:
        known[key] = _measured(network, layers, style, side, memory)
    return known[key]


def _measured(network: Network, layers: Sequence[str], style: Picture, side: int, memory: Memory) -> Moments:
    rgb, opacity = scaled(style, fit(style.shape, side), memory)
    terms = Terms(tuple(Term(moments.LOSS, layer) for layer in layers), masked=opacity is not None)
    evaluation = WholeEvaluation(network, terms, (rgb.shape[0], rgb.shape[1]), Masks(opacity))
    return evaluation.statistics(planes(rgb), style.name)


def _numbers(statistic: Array) -> Array:
    """Return means and standard deviations, 2 C, of a statistic (C+1)×C."""
    squares, mean = np.diagonal(statistic[:-1]), statistic[-1]
    floor = moments.FLOOR * squares.mean() + TINY
    deviation = np.sqrt(np.maximum(squares - np.square(mean), 0) + floor)
    return np.concatenate([mean, deviation]).astype(np.float32)
