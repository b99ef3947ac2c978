"""A model in a file of its own: runtimes map the weights from there, which spares copies of them."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from nst_onnx.errors import NstError

_EXTERNAL = 1 << 16  # bytes from which on a tensor is kept apart
_WEIGHTS = "weights"
_DONTNEED = 4  # of Linux's madvise


class ModelFile:
    """A model on disk, with its large tensors beside it; gone when this object is."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """Write the model. Its large tensors are left empty: let go of it. Raises NstError where it fails."""
        size = model.ByteSize()
        try:
            self._folder = TemporaryDirectory(prefix="nst-onnx-", ignore_cleanup_errors=True)
            self.path = Path(self._folder.name) / "model.onnx"
            onnx.save(
                model, self.path, save_as_external_data=True, location=_WEIGHTS, size_threshold=_EXTERNAL
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise NstError(
                f"the model cannot be written to the folder for temporary files: {reason}",
                f"set TMPDIR to a folder with room for {1 + (size >> 20)} MB",
            ) from error

    def release(self) -> None:
        """Give back the memory of weights that the runtime has copied into a layout of its own.

        They stay mapped, and come back from the file should anybody look at them. Does nothing where the
        system does not tell what is mapped (it is Linux that does).
        """
        weights = str(self.path.with_name(_WEIGHTS))
        with suppress(OSError, AttributeError, ValueError):
            for line in Path("/proc/self/maps").read_text().splitlines():
                if line.endswith(weights):
                    start, end = (int(number, 16) for number in line.split()[0].split("-"))
                    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)
