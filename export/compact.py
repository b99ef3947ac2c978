"""The compact network: the arrays that `distill` leaves, and the ONNX file that ships."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from nst_onnx import atomic
from nst_onnx.errors import ModelError
from nst_onnx.models import readers, reason, vgg
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.weights import LICENCE, Layers, Weights, check, network_order

NAME = "compact"
SOURCE = "distilled by nst-onnx from VGG-19 (Simonyan and Zisserman 2014), blocks 1-3 at 0.375 of the width"
_GIVE = "give the .npz that `export distill` wrote"


def read(path: Path) -> Weights:
    """Return the compact network kept in an ``.npz`` file.

    The file holds ``conv1_1/kernel`` (H×W×in×out, for BGR 0..255 less Caffe's mean) and
    ``conv1_1/bias`` for every layer, float32. Raises ModelError where it does not.
    """
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is not an .npz file", _GIVE)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = network_order(key.removesuffix("/kernel") for key in arrays.files)
            layers: Layers = {
                name: (
                    np.ascontiguousarray(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1), np.float32),
                    arrays[f"{name}/bias"].astype(np.float32),
                )
                for name in names
            }
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, zipfile.BadZipFile, AttributeError) as error:
        raise ModelError(f"{path} does not hold a network: {reason.of(error)}", _GIVE) from error
    if not layers:
        raise ModelError(f"{path} holds no layers", _GIVE)
    check(layers, where=str(path))
    return Weights(
        name=NAME,
        layers=layers,
        preprocessing=CAFFE,
        source=SOURCE,
        licence=f"{LICENCE}; changed: distilled into a narrower network",
        sha256=readers.sha256(path),
    )


def write(path: Path, layers: Layers) -> None:
    """Write `layers` (kernels O×I×H×W) as `read` wants them. Raises ModelError."""
    arrays: dict[str, Any] = {
        f"{name}/kernel": kernel.transpose(2, 3, 1, 0) for name, (kernel, _) in layers.items()
    }
    arrays |= {f"{name}/bias": bias for name, (_, bias) in layers.items()}
    try:
        with atomic.replacing(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror or error}") from error


def build(weights: Weights) -> onnx.ModelProto:
    """Return the network as ONNX, with the average pooling that it was trained with."""
    return vgg.build(weights, pooling="average")
