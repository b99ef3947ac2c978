"""Reader of ``torch.save``'s files without torch: the zip of today and the stream of 2017.

Both contain a pickle that describes tensors as views of raw storages. A pickle can call anything; the
unpickler here builds tensors only, and refuses everything else.
"""

from __future__ import annotations

import collections
import functools
import math
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.readers import pickle_memo, size_limit, torch_names
from nst_onnx.support.arguments import shown

_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # a pickle of torch's magic number
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


def sniff(path: Path) -> bool:
    """Return whether ``torch.save`` wrote the file."""
    with path.open("rb") as file:
        if file.read(len(_LEGACY)) == _LEGACY:
            return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/data.pkl") for name in archive.namelist())


def read(path: Path) -> StoredWeights:
    """Read a state dict, also one inside a training checkpoint (``{"state_dict": …}``)."""
    arrays = _tensors(_from_zip(path) if zipfile.is_zipfile(path) else _from_stream(path))
    return torch_names.stored(arrays, "torchvision")


def _tensors(content: Any) -> dict[str, npt.NDArray[np.generic]]:
    """Return the tensors of a state dict, without the classifier's."""
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise ModelError("it has no state dict", "save `model.state_dict()`, not the model")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, _Tensor)}
    tensors = {name: tensor for name, tensor in tensors.items() if "classifier" not in name}
    size_limit.check_total(tensor.nbytes for tensor in tensors.values())
    return {name: tensor() for name, tensor in tensors.items()}


@dataclass
class _Storage:
    """One-dimensional storage of tensors, read when needed: a classifier's never is."""

    kind: str
    count: int
    load: Callable[[], bytes] | None = None

    def __call__(self) -> npt.NDArray[np.generic]:
        if self.load is None:
            raise pickle.UnpicklingError("a tensor's storage is missing")
        flat: npt.NDArray[np.generic] = np.frombuffer(self.load(), _DTYPES[self.kind], self.count)
        if self.kind == "BFloat16Storage":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat


@dataclass(frozen=True)
class _Tensor:
    """A tensor as a strided view of its storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size of a copy in bytes: strides of 0 make a large tensor of a small storage."""
        return math.prod(self.shape) * np.dtype(_DTYPES[self.storage.kind]).itemsize

    def __call__(self) -> npt.NDArray[np.generic]:
        flat = self.storage()
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        numbers = (self.offset, *self.shape, *self.strides)
        if min(numbers) < 0 or (0 not in self.shape and last >= flat.size):
            raise pickle.UnpicklingError("a tensor extends beyond its storage")
        step = flat.itemsize
        return np.lib.stride_tricks.as_strided(
            flat[self.offset :], self.shape, [step * stride for stride in self.strides], writeable=False
        ).copy()


class _Unpickler(pickle.Unpickler):
    """Unpickler of tensors and dictionaries of them; refuses every other class and function."""

    def __init__(self, file: IO[bytes], storage: Callable[[str, str, int, object], _Storage]) -> None:
        pickle_memo.check(file)
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _rebuild_parameter
        if module in ("torch", "torch.storage", "torch.cuda") and name in _DTYPES:
            return name
        raise ModelError(
            f"its pickle refers to {shown(f'{module}.{name}')}, which a weight file does not need",
            "save `model.state_dict()` with torch and use that file",
        )

    def persistent_load(self, pid: object) -> _Storage:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or pid[1] not in _DTYPES:
            raise ModelError("it contains more than weights", "save `model.state_dict()` and use that file")
        return self._storage(str(pid[1]), str(pid[2]), int(pid[4]), pid[5] if len(pid) > 5 else None)


def _rebuild_tensor(
    storage: Any, offset: Any, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    if not isinstance(storage, _Storage) or len(shape) != len(strides) or len(shape) > 8:
        raise pickle.UnpicklingError("a tensor is not described as by torch")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _rebuild_parameter(data: Any, *_: Any) -> Any:
    return data


def _from_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        size_limit.check_zip(archive)
        index = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = index.removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
            raise ModelError(f"{path.name} was written on a big-endian machine, which is not supported")

        def storage(kind: str, key: str, count: int, view: object) -> _Storage:
            return _Storage(kind, count, functools.partial(_read_member, path, f"{folder}data/{key}"))

        with archive.open(index) as file:
            return _Unpickler(file, storage).load()


def _from_stream(path: Path) -> Any:
    """Read five pickles (magic number, protocol, system, content, storage keys), then the storages."""
    storages: dict[str, _Storage] = {}

    def storage(kind: str, key: str, count: int, view: object) -> _Storage:
        if view is not None:
            raise ModelError(f"{path.name} contains views of storages, which are not supported")
        return storages.setdefault(key, _Storage(kind, count))

    with path.open("rb") as file:
        for _ in range(3):
            _Unpickler(file, storage).load()
        content = _Unpickler(file, storage).load()
        keys = _Unpickler(file, storage).load()
        position, end = file.tell(), path.stat().st_size
        for key in keys:
            entry = storages[key]
            file.seek(position)
            (count,) = struct.unpack("<q", file.read(8))
            size = np.dtype(_DTYPES[entry.kind]).itemsize * entry.count
            if count != entry.count or position + 8 + size > end:
                raise pickle.UnpicklingError("the file ends early, or its parts disagree")
            entry.load = functools.partial(_read_range, path, position + 8, size)
            position += 8 + size
    return content


def _read_range(path: Path, position: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read(size)


def _read_member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)
