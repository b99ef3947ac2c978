"""Distances of style and content by the features of a compact network's teacher."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nst_onnx.models import readers, vgg
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.support.arrays import Array

Features = Mapping[str, Array]

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_4")
CONTENT_LAYER = "conv3_3"


class Teacher:
    """A VGG's own features with average pooling, in float32, from a weight file."""

    def __init__(self, weights: Path) -> None:
        read = readers.read_weights(weights)
        self._matrix, self._offset = read.preprocessing.affine()
        proto = vgg.build(read, pooling="average")
        self._session = onnxruntime().InferenceSession(proto.SerializeToString())

    def features(self, picture: Array) -> Features:
        """Return each layer's features C×M of a picture H×W×3, RGB, 0..1."""
        preprocessed = (picture @ self._matrix.T + self._offset).transpose(2, 0, 1)[None]
        names = [*STYLE_LAYERS, CONTENT_LAYER]
        found = self._session.run(names, {"image": np.ascontiguousarray(preprocessed, np.float32)})
        return {name: value[0].reshape(value.shape[1], -1) for name, value in zip(names, found, strict=True)}


def style_distances(picture: Features, style: Features) -> dict[str, float]:
    """Return ‖G/M − A/M_s‖² / ‖A/M_s‖² for each style layer."""
    return {name: _relative(_gram(picture[name]), _gram(style[name])) for name in STYLE_LAYERS}


def content_distance(picture: Features, content: Features) -> float:
    """Return ‖F − P‖² / ‖P‖² at the content layer."""
    return _relative(picture[CONTENT_LAYER], content[CONTENT_LAYER])


def _gram(features: Array) -> npt.NDArray[np.float64]:
    wide = features.astype(np.float64)
    gram: npt.NDArray[np.float64] = wide @ wide.T / features.shape[1]
    return gram


def _relative(found: npt.NDArray[np.floating], wanted: npt.NDArray[np.floating]) -> float:
    return float(np.square(found - wanted).sum() / np.square(wanted.astype(np.float64)).sum())
