"""The judge's network: VGG-16 as published, with average pooling, in float32 on the CPU."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.models import readers, vgg
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.support.arrays import Array

Features = Mapping[str, Array]
"""{layer: features C×H×W}."""

CONTENT_LAYER = "conv4_2"
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
BLOCKS_1_TO_4 = STYLE_LAYERS[:-1]
_LAYERS = (*STYLE_LAYERS, CONTENT_LAYER)


class Network:
    """VGG-16 from a weight file of any layout that nst-onnx reads. Raises ModelError without it."""

    def __init__(self, weights: Path) -> None:
        if not weights.is_file():
            raise ModelError(
                f"the judge needs VGG-16, and {weights} does not exist", "name its file with --weights"
            )
        read = readers.read_weights(weights)
        missing = [name for name in _LAYERS if name not in read.layers]
        if missing:
            raise ModelError(f"{weights.name} is not a whole VGG-16: {', '.join(missing)} is missing")
        self.sha256 = read.sha256
        self._matrix, self._offset = read.preprocessing.affine()
        names = list(read.layers)
        used = {name: read.layers[name] for name in names[: names.index(STYLE_LAYERS[-1]) + 1]}
        proto = vgg.build(dataclasses.replace(read, layers=used), pooling="average")
        self._session = onnxruntime().InferenceSession(
            proto.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def features(self, picture: Array) -> Features:
        """Return the features of a picture H×W×3, RGB, 0..1."""
        preprocessed = (picture @ self._matrix.T + self._offset).transpose(2, 0, 1)[None]
        found = self._session.run(list(_LAYERS), {"image": np.ascontiguousarray(preprocessed, np.float32)})
        return {name: value[0] for name, value in zip(_LAYERS, found, strict=True)}
