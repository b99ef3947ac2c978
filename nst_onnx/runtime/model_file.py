"""A model in a file of its own: runtimes map the weights from there, which spares copies of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

_EXTERNAL = 1 << 16  # bytes from which on a tensor is kept apart


class ModelFile:
    """A model on disk, with its large tensors beside it; gone when this object is."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """Write the model. Its large tensors are left empty: let go of it."""
        self._folder = TemporaryDirectory(prefix="nst-onnx-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name) / "model.onnx"
        onnx.save(model, self.path, save_as_external_data=True, location="weights", size_threshold=_EXTERNAL)
