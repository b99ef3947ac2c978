"""Pictures of the worker's events as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nst_onnx.editors.worker.pixels import TYPES
from nst_onnx.editors.worker.protocol import Message
from nst_onnx.picture import write
from nst_onnx.picture.raster import unit


def save(raw: Path, described: Message, path: Path, settings: Message | None = None) -> None:
    """Write an event's picture as a PNG, and remove its raw file. Raises PictureError, OSError."""
    try:
        samples = np.fromfile(raw, TYPES[described["type"]])
    finally:
        raw.unlink(missing_ok=True)
    values = unit(samples.reshape(described["height"], described["width"], described["channels"]))
    alpha = np.ascontiguousarray(values[..., 3]) if described["channels"] == 4 else None
    write(path, np.ascontiguousarray(values[..., :3]), alpha=alpha, settings=settings)
