"""Temporary model files, from which runtimes memory-map the weights instead of copying them."""

from __future__ import annotations

import ctypes
import os
import shutil
from contextlib import suppress
from pathlib import Path

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from nst_onnx.graph import external_data

_CONSTANTS = "constants"  # the file of tensors that the model itself holds
_DONTNEED = 4  # MADV_DONTNEED of Linux


class ModelFile:
    """A model on disk with its large tensors as external data; deleted with this object."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """Write the model. Its large tensors are empty afterwards: do not use it any more. Raises NstError.

        Tensors that are external data already (`nst_onnx.graph.external_data`) are not copied: their file
        is linked beside the model.
        """
        with external_data.room_for(external_data.size(model)):
            self._folder = external_data.temporary_folder()
            folder = Path(self._folder.name)
            self.path = folder / "model.onnx"
            for tensor in model.graph.initializer:
                if uses_external_data(tensor):
                    _link(tensor, folder)
            onnx.save(
                model,
                self.path,
                save_as_external_data=True,
                location=_CONSTANTS,
                size_threshold=external_data.LARGE,
            )

    def release(self) -> None:
        """Release the memory of mapped weights, once the runtime has copied them into its own layout.

        They stay mapped: an access reads them from the file again. Linux only; elsewhere does nothing.
        """
        folder = f" {self.path.parent}{os.sep}"
        with suppress(OSError, AttributeError, ValueError):
            for line in Path("/proc/self/maps").read_text().splitlines():
                if folder in line:
                    start, end = (int(number, 16) for number in line.split()[0].split("-"))
                    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _link(tensor: onnx.TensorProto, folder: Path) -> None:
    """Link a tensor's file into the model's folder, and refer to it by its name there."""
    file = Path(ExternalDataInfo(tensor).location)
    beside = folder / file.name
    if not beside.exists():
        try:
            os.link(file, beside)
        except OSError:  # not every file system has hard links
            shutil.copyfile(file, beside)
    for entry in tensor.external_data:
        if entry.key == "location":
            entry.value = file.name
