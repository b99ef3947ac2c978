"""A model in a file of its own: runtimes map the weights from there, which spares copies of them."""

from __future__ import annotations

import ctypes
import os
import shutil
from contextlib import suppress
from pathlib import Path

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from nst_onnx.graph import external_data

_CONSTANTS = "constants"  # the file of what the model itself holds
_DONTNEED = 4  # of Linux's madvise


class ModelFile:
    """A model on disk, with its large tensors beside it; gone when this object is."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """Write the model. Its large tensors are left empty: let go of it. Raises NstError where it fails.

        Tensors that stand in a file already (see `nst_onnx.graph.external_data`) stay there: the file gets
        another name, beside the model.
        """
        with external_data.writing_model(external_data.size(model)):
            self._folder = external_data.temporary_folder()
            folder = Path(self._folder.name)
            self.path = folder / "model.onnx"
            for tensor in model.graph.initializer:
                if uses_external_data(tensor):
                    _bring(tensor, folder)
            onnx.save(
                model,
                self.path,
                save_as_external_data=True,
                location=_CONSTANTS,
                size_threshold=external_data.LARGE,
            )

    def release(self) -> None:
        """Give back the memory of weights that the runtime has copied into a layout of its own.

        They stay mapped, and come back from the file should anybody look at them. Does nothing where the
        system does not tell what is mapped (it is Linux that does).
        """
        folder = f" {self.path.parent}{os.sep}"
        with suppress(OSError, AttributeError, ValueError):
            for line in Path("/proc/self/maps").read_text().splitlines():
                if folder in line:
                    start, end = (int(number, 16) for number in line.split()[0].split("-"))
                    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _bring(tensor: onnx.TensorProto, folder: Path) -> None:
    """Let a tensor be named by the model's own folder, with its file there."""
    file = Path(ExternalDataInfo(tensor).location)
    beside = folder / file.name
    if not beside.exists():
        try:
            os.link(file, beside)
        except OSError:  # not every file system can
            shutil.copyfile(file, beside)
    for entry in tensor.external_data:
        if entry.key == "location":
            entry.value = file.name
