"""Reader of Keras 3's ``.keras`` archives: a zip of config.json and model.weights.h5."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.readers import hdf5, keras_h5, size_limit

_WEIGHTS = "model.weights.h5"


def sniff(path: Path) -> bool:
    """Return whether the file is a zip with Keras' weights."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _WEIGHTS in archive.namelist()


def read(path: Path) -> StoredWeights:
    """Read the weights of a model that Keras 3 saved; no other member of the archive is read."""
    with zipfile.ZipFile(path) as archive:
        size_limit.check_zip(archive)
        content = archive.read(_WEIGHTS)
    with hdf5.opened(io.BytesIO(content)) as file:
        return keras_h5.stored(file, "a .keras file")
