"""The teacher as a judge: how near a picture is to its style and its content, and how grainy it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nst_onnx.models import readers, vgg
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.support.arrays import Array

Features = Mapping[str, Array]

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_4")
CONTENT_LAYER = "conv3_3"
FLAT = 0.25  # the part of the content picture that counts as flat
_GRAIN = 1.0  # pixels: what a Gaussian of this width takes away is grain
_NEIGHBOURHOOD = 6.0  # pixels around a place in which nothing may happen, for it to be flat


class Judge:
    """A VGG's own features with average pooling, in float32, from a weight file."""

    def __init__(self, weights: Path) -> None:
        read = readers.read_weights(weights)
        self._matrix, self._offset = read.preprocessing.affine()
        proto = vgg.build(read, pooling="average")
        self._session = onnxruntime().InferenceSession(proto.SerializeToString())

    def features(self, picture: Array) -> Features:
        """Return each judged layer's features C×M of a picture H×W×3, RGB, 0..1."""
        wanted = (picture @ self._matrix.T + self._offset).transpose(2, 0, 1)[None]
        names = [*STYLE_LAYERS, CONTENT_LAYER]
        found = self._session.run(names, {"image": np.ascontiguousarray(wanted, np.float32)})
        return {name: value[0].reshape(value.shape[1], -1) for name, value in zip(names, found, strict=True)}


def style_distances(picture: Features, style: Features) -> dict[str, float]:
    """Return ‖G/M − A/M_s‖² / ‖A/M_s‖² for each style layer."""
    return {name: _relative(_gram(picture[name]), _gram(style[name])) for name in STYLE_LAYERS}


def content_distance(picture: Features, content: Features) -> float:
    """Return ‖F − P‖² / ‖P‖² at the content layer."""
    return _relative(picture[CONTENT_LAYER], content[CONTENT_LAYER])


def grain(picture: Array, flat: npt.NDArray[np.bool_]) -> float:
    """Return the mean square, in grey levels, of what a Gaussian of one pixel takes from the flat places."""
    values = picture.astype(np.float64) * 255
    smooth = ndimage.gaussian_filter(values, (_GRAIN, _GRAIN, 0))
    return float(np.square(values - smooth)[flat].mean())


def flat(content: Array) -> npt.NDArray[np.bool_]:
    """Return where the quarter of a picture H×W×3 lies in which least happens, as H×W."""
    grey = content.astype(np.float64).mean(2)
    steepness = ndimage.gaussian_gradient_magnitude(grey, _GRAIN) ** 2
    around = ndimage.gaussian_filter(steepness, _NEIGHBOURHOOD)
    quiet: npt.NDArray[np.bool_] = around <= np.quantile(around, FLAT)
    return quiet


def _gram(features: Array) -> npt.NDArray[np.float64]:
    wide = features.astype(np.float64)
    gram: npt.NDArray[np.float64] = wide @ wide.T / features.shape[1]
    return gram


def _relative(found: npt.NDArray[np.floating], wanted: npt.NDArray[np.floating]) -> float:
    return float(np.square(found - wanted).sum() / np.square(wanted.astype(np.float64)).sum())
