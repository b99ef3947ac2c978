"""Checkpoint of an unfinished stylisation: a killed run resumes from it, bit for bit on the CPU."""

from __future__ import annotations

import json
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import NstError, OptionError
from nst_onnx.support import disk_arrays
from nst_onnx.support.arguments import path_of
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.json_types import JsonObject
from nst_onnx.support.library_errors import system_reason

_FORMAT = "nst-onnx checkpoint 7"
_LARGE = 1 << 26  # numbers of an array that is memory-mapped

Arrays = dict[str, npt.NDArray[Any]]
"""{name: array}: the optimiser's state and the best picture."""


@dataclass(frozen=True)
class Checkpoint:
    """Position and state of a run. `fingerprint`: of the pictures, options, model and version of that run.

    `facts`: numbers and history, fit for JSON. `arrays`: the optimiser's state and the best picture.
    """

    fingerprint: str
    facts: JsonObject
    arrays: Arrays

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file (.npz by content, whatever its name), replacing it only when all is written."""
        head = {"format": _FORMAT, "fingerprint": self.fingerprint, "facts": self.facts}
        try:
            with replacing(Path(path)) as file, zipfile.ZipFile(file, "w") as archive:
                for name, array in {"head": np.asarray(json.dumps(head)), **self.arrays}.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        _write(member, array)
        except OSError as error:
            raise NstError(f"cannot save the state to {path}: {system_reason(error)}") from error

    @classmethod
    def of(cls, given: Checkpoint | str | os.PathLike[str]) -> Checkpoint:
        """Return a checkpoint, loaded where a path is given. Raises OptionError."""
        return given if isinstance(given, Checkpoint) else cls.load(given)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Read what `save` wrote. Raises OptionError where the file is something else, or damaged."""
        path = path_of(path, "a saved state")
        if path.exists() and not path.is_file():  # a device might never end
            raise OptionError(f"{path} is not a regular file", "give a saved state of nst-onnx")
        try:
            with zipfile.ZipFile(path) as archive:
                arrays = {}
                for name in archive.namelist():
                    with archive.open(name) as member:
                        arrays[name.removesuffix(".npy")] = _read(member, archive.getinfo(name).file_size)
            head = json.loads(str(arrays.pop("head")))
            if head["format"] != _FORMAT:
                raise ValueError("another version")
            return cls(head["fingerprint"], head["facts"], arrays)
        except FileNotFoundError as error:
            raise OptionError(f"{path} does not exist") from error
        except (NstError, MemoryError):
            raise
        except Exception as error:  # zipfile, zlib, json, tokenize and numpy raise many kinds
            raise OptionError(
                f"{path} is not a saved state of nst-onnx, or is damaged", "start again without it"
            ) from error


def _write(file: IO[bytes], array: npt.NDArray[Any]) -> None:
    """Write an array as numpy's .npy, in pieces."""
    flat = np.ascontiguousarray(array).reshape(-1) if array.size < _LARGE else array.reshape(-1)
    np.lib.format.write_array_header_1_0(
        file, {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    )
    for piece in disk_arrays.strips(array.size, array.itemsize):
        file.write(flat[piece].tobytes())
        disk_arrays.release(array)


def _read(file: IO[bytes], size: int) -> npt.NDArray[Any]:
    """Read what `_write` wrote, a file of `size` bytes; large arrays are memory-mapped."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("another version of numpy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("objects are not read")
    count = math.prod(shape)
    if not dtype.itemsize or count * dtype.itemsize > size:
        raise EOFError("it ends too early")
    array = disk_arrays.empty(shape, dtype, on_disk=count >= _LARGE)
    flat = array.reshape(-1)
    for piece in disk_arrays.strips(array.size, dtype.itemsize):
        wanted = (piece.stop - piece.start) * dtype.itemsize
        content = file.read(wanted)
        if len(content) != wanted:
            raise EOFError("it ends too early")
        flat[piece] = np.frombuffer(content, dtype)
        disk_arrays.release(array)
    if file.read(1):  # zipfile compares the checksum at the end of the member, and so only now
        raise ValueError("there is more than its header says")
    return array
